import { refuseDelay, type Dialect } from './dialect.ts'

/** TV-Hub: `token` beside `alertTimestamp`, which makes one alert of all its deliveries. */
export const tvHub: Dialect = {
  name: 'tvhub',
  form: 'json',
  signatures: [['token', 'alerttimestamp']],
  translate: refuseDelay,
}
