/**
 * The four exchanges of CCXT that are traded on, each from its own file: the package's entry loads all hundred of them, 0.5 s and 90 MB in every
 * process. The package exports no path but its entry, hence the way through its folder.
 */
export { default as binanceusdm } from '../node_modules/ccxt/js/src/binanceusdm.js'
export { default as bitget } from '../node_modules/ccxt/js/src/bitget.js'
export { default as bybit } from '../node_modules/ccxt/js/src/bybit.js'
export { default as okx } from '../node_modules/ccxt/js/src/okx.js'
