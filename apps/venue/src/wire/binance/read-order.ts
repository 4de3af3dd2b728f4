import { randomBytes } from 'node:crypto'
import type { PlaceAlgo, PlaceOrder } from '../../engine/commands.ts'
import type { Account, AlgoType, PositionSide, Side, TimeInForce } from '../../engine/state.ts'
import { invalidValue, missing, notRequired, WireError } from './errors.ts'
import type { Params } from './request.ts'

const algoTypes: readonly AlgoType[] = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']
const invalidType = () => new WireError(-1116, 'Invalid orderType.')

/** A new plain order, as far as its form goes; what the market and the account say to it, the engine decides. */
export function readOrder(params: Params, account: Account): PlaceOrder {
  const { symbol } = params.market()
  const side = readSide(params)
  const type = params.text('type')
  if (algoTypes.some((one) => one === type)) {
    throw new WireError(-4120, 'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.')
  }
  if (type !== 'MARKET' && type !== 'LIMIT') throw invalidType()
  if (params.flag('closePosition')) throw new WireError(-4136, `Target strategy invalid for orderType ${type},closePosition true`)
  const limit = type === 'LIMIT'
  const timeInForce = limit ? readTimeInForce(params) : 'GTC'
  const quantity = readDecimal(params, 'quantity')
  if (!limit && params.optional('price') !== undefined) throw notRequired('price')
  if (!limit && params.optional('timeInForce') !== undefined) throw notRequired('timeinforce')
  const price = limit ? readDecimal(params, 'price') : '0'
  return {
    symbol,
    side,
    positionSide: readPositionSide(params),
    type,
    timeInForce,
    quantity,
    price,
    reduceOnly: readReduceOnly(params, account),
    clientOrderId: readClientId(params.optional('newClientOrderId')),
  }
}

export function readAlgo(params: Params, account: Account): PlaceAlgo {
  if (params.text('algoType') !== 'CONDITIONAL') throw invalidValue('algoType')
  const { symbol } = params.market()
  const side = readSide(params)
  const type = params.word('type', algoTypes, invalidType)
  const closePosition = params.flag('closePosition')
  const limit = type === 'STOP' || type === 'TAKE_PROFIT'
  const trailing = type === 'TRAILING_STOP_MARKET'
  if (closePosition) {
    if (limit || trailing) throw new WireError(-4136, `Target strategy invalid for orderType ${type},closePosition true`)
    if (params.optional('quantity') !== undefined) throw new WireError(-4137, 'Quantity must be zero with closePosition equals true')
    if (params.optional('reduceOnly') !== undefined) throw notRequired('reduceonly')
  }
  const quantity = closePosition ? '0' : readDecimal(params, 'quantity')
  const price = limit ? readDecimal(params, 'price') : '0'
  if (!limit && params.optional('price') !== undefined) throw notRequired('price')
  const activation = params.optional('activatePrice') ?? params.optional('activationPrice')
  return {
    symbol,
    side,
    positionSide: readPositionSide(params),
    type,
    timeInForce: params.optional('timeInForce') === undefined ? 'GTC' : readTimeInForce(params),
    quantity,
    price,
    triggerPrice: trailing ? '0' : readDecimal(params, 'triggerPrice'),
    activatePrice: trailing ? (activation ?? '0') : '0',
    callbackRate: trailing ? readDecimal(params, 'callbackRate') : '0',
    workingType:
      params.optional('workingType') === undefined
        ? 'CONTRACT_PRICE'
        : params.word('workingType', ['MARK_PRICE', 'CONTRACT_PRICE'] as const),
    reduceOnly: closePosition ? false : readReduceOnly(params, account),
    closePosition,
    clientAlgoId: readClientId(params.optional('clientAlgoId')),
  }
}

export function readSide(params: Params): Side {
  return params.word('side', ['BUY', 'SELL'] as const, () => new WireError(-1117, 'Invalid side.'))
}

export function readDecimal(params: Params, name: string): string {
  const value = params.text(name)
  if (!/^-?\d{1,20}(\.\d{1,20})?$/.test(value)) throw missing(name)
  return value
}

function readPositionSide(params: Params): PositionSide {
  if (params.optional('positionSide') === undefined) return 'BOTH'
  return params.word('positionSide', ['BOTH', 'LONG', 'SHORT'] as const, () => new WireError(-4060, 'Invalid position side.'))
}

function readTimeInForce(params: Params): TimeInForce {
  return params.word('timeInForce', ['GTC', 'IOC', 'FOK', 'GTX', 'GTE_GTC'] as const, () => new WireError(-1115, 'Invalid timeInForce.'))
}

/** In hedge mode the position side says it all: sending the flag is an error there. */
function readReduceOnly(params: Params, account: Account): boolean {
  if (account.hedgeMode && params.optional('reduceOnly') !== undefined) throw notRequired('reduceonly')
  return params.flag('reduceOnly')
}

function readClientId(given: string | undefined): string {
  if (given === undefined) return randomBytes(16).toString('base64url')
  if (given.length > 36) throw new WireError(-4015, 'Client order id length should be less than 36 chars')
  if (!/^[.A-Z:/a-z0-9_-]{1,36}$/.test(given))
    throw new WireError(-1100, "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.")
  return given
}
