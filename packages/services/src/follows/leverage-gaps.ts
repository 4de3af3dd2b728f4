import { AppError, type LeverageGapView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { leverageGap, type LeveragedPosition } from '@matic/domain'

interface Row {
  readonly positionId: string
  readonly symbol: string
  readonly side: 'LONG' | 'SHORT'
  readonly own: LeveragedPosition
  /** Of the leader's account that sizes go by. */
  readonly leader: LeveragedPosition | null
}

/** What a route holds, of the position that it is held in. */
const HELD = (holding: string, position: string, state: string) =>
  `json_build_object('quantityBase', ${holding}.quantity_base::text, 'markPrice', coalesce(${holding}.mark_price, ${holding}.entry_price, 0)::text,
     'marginMode', ${position}.margin_mode, 'margin', ${holding}.margin::text, 'equity', ${state}.equity::text)`
const positionOf = (holding: string) =>
  `position WHERE account_id = ${holding}.account_id AND symbol = ${holding}.symbol AND position_side = ${holding}.position_side`

/** For each market that the follow holds a share of, against the leader's share of the same source; of a mirrored account, or without one, against all there is. @throws AppError NOT_FOUND */
export async function leverageGaps({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; followId: string }
}): Promise<LeverageGapView[]> {
  const { userId, followId } = input
  const [own] = await db.query('SELECT 1 FROM follow WHERE id = $1 AND user_id = $2', [followId, userId])
  if (!own) throw new AppError('NOT_FOUND', 'There is no such follow')
  const rows = await db.query<Row>(
    `SELECT p.id AS "positionId", h.symbol, h.side, ${HELD('h', 'p', 'st')} AS own, CASE WHEN l.id IS NOT NULL THEN ${HELD('l', 'lp', 'ls')} END AS leader
       FROM follow f
       JOIN route r ON r.id = f.route_id
       JOIN strategy s ON s.id = f.strategy_id
       LEFT JOIN route lr ON lr.source_kind = r.source_kind AND lr.source_id = r.source_id AND lr.account_id = s.account_id AND lr.follow_id IS NULL
       JOIN holding h ON h.account_id = f.account_id AND h.user_id = f.user_id AND h.route_id = f.route_id
       JOIN LATERAL (SELECT * FROM ${positionOf('h')}) AS p ON true
       LEFT JOIN account_state st ON st.account_id = h.account_id
       LEFT JOIN LATERAL (SELECT x.* FROM holding x WHERE x.account_id = s.account_id AND x.symbol = h.symbol
                             AND (x.side = h.side) = (f.settings ->> 'direction' <> 'reverse')
                           ORDER BY coalesce(x.route_id = lr.id, false) DESC, x.quantity_base DESC LIMIT 1) AS l ON true
       LEFT JOIN LATERAL (SELECT * FROM ${positionOf('l')}) AS lp ON true
       LEFT JOIN account_state ls ON ls.account_id = l.account_id
      WHERE f.id = $1 AND f.user_id = $2 ORDER BY h.symbol, h.side`,
    [followId, userId],
  )
  return rows.map(({ positionId, symbol, side, own: held, leader: theirs }) => {
    const gap = leverageGap(theirs ?? { ...held, marginMode: null, equity: null }, held)
    const text = (value: typeof gap.times) => value?.toDecimalPlaces(4).toFixed() ?? null
    return {
      positionId,
      symbol,
      side,
      leader: text(gap.leader),
      follower: text(gap.follower),
      times: text(gap.times),
      isWarning: gap.isWarning,
    }
  })
}
