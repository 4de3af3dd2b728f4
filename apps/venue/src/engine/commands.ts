import type { AlgoOrder, AlgoType, Order, PositionSide, Side, TimeInForce, WorkingType } from './state.ts'

/** Amounts as decimal text, times as epoch ms: a command is written to the journal as it is. */
export interface PlaceOrder {
  readonly symbol: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly type: 'MARKET' | 'LIMIT'
  readonly timeInForce: TimeInForce
  readonly quantity: string
  /** '0' for market orders. */
  readonly price: string
  readonly reduceOnly: boolean
  readonly clientOrderId: string
}

export interface PlaceAlgo {
  readonly symbol: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly type: AlgoType
  readonly timeInForce: TimeInForce
  /** '0' with closePosition. */
  readonly quantity: string
  readonly price: string
  readonly triggerPrice: string
  readonly activatePrice: string
  /** Percent; '0' unless trailing. */
  readonly callbackRate: string
  readonly workingType: WorkingType
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  readonly clientAlgoId: string
}

export type Command = { readonly at: number } & (
  | { readonly type: 'open-account'; readonly ref: string; readonly apiKey: string; readonly secret: string; readonly depositUsdt: string }
  | { readonly type: 'deposit'; readonly ref: string; readonly id: string; readonly amount: string }
  | { readonly type: 'revoke'; readonly ref: string }
  | { readonly type: 'pin-price'; readonly symbol: string; readonly mark: string | null }
  | { readonly type: 'advance'; readonly from: number }
  | {
      readonly type: 'place-order'
      readonly ref: string
      readonly order: PlaceOrder
      readonly split?: { readonly parts: number; readonly spacingMs: number }
    }
  | { readonly type: 'cancel-order'; readonly ref: string; readonly symbol: string; readonly orderId: number }
  | { readonly type: 'cancel-orders'; readonly ref: string; readonly symbol: string }
  | {
      readonly type: 'modify-order'
      readonly ref: string
      readonly symbol: string
      readonly orderId: number
      readonly quantity: string
      readonly price: string
    }
  | { readonly type: 'place-algo'; readonly ref: string; readonly algo: PlaceAlgo }
  | { readonly type: 'cancel-algo'; readonly ref: string; readonly algoId: number }
  | { readonly type: 'cancel-algos'; readonly ref: string; readonly symbol: string }
  | { readonly type: 'set-leverage'; readonly ref: string; readonly symbol: string; readonly leverage: number }
  | { readonly type: 'set-margin-type'; readonly ref: string; readonly symbol: string; readonly marginType: 'cross' | 'isolated' }
  | { readonly type: 'set-position-mode'; readonly ref: string; readonly hedgeMode: boolean }
  | {
      readonly type: 'adjust-margin'
      readonly ref: string
      readonly symbol: string
      readonly positionSide: PositionSide
      readonly amount: string
    }
)

/** What came of it. `changed` is false when the state is as it was, so that nothing need be written down. */
export interface Outcome {
  readonly changed: boolean
  readonly order?: Order
  readonly algo?: AlgoOrder
  readonly orders?: readonly Order[]
  readonly algos?: readonly AlgoOrder[]
}
