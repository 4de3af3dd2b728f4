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

const POSITION = (position: string, state: string) =>
  `json_build_object('quantityBase', ${position}.quantity_base::text, 'markPrice', coalesce(${position}.mark_price, ${position}.entry_price, 0)::text,
     'marginMode', ${position}.margin_mode, 'margin', ${position}.margin::text, 'equity', ${state}.equity::text)`

/** For each market that the follow holds. @throws AppError NOT_FOUND */
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
    `SELECT p.id AS "positionId", p.symbol, p.side, ${POSITION('p', 'st')} AS own, CASE WHEN l.id IS NOT NULL THEN ${POSITION('l', 'ls')} END AS leader
       FROM follow f
       JOIN strategy s ON s.id = f.strategy_id
       JOIN position p ON p.account_id = f.account_id AND p.user_id = f.user_id AND p.route_id = f.route_id AND p.quantity_base > 0
       LEFT JOIN account_state st ON st.account_id = p.account_id
       LEFT JOIN LATERAL (SELECT x.* FROM position x WHERE x.account_id = s.account_id AND x.symbol = p.symbol AND x.quantity_base > 0
                             AND (x.side = p.side) = (f.settings ->> 'direction' <> 'reverse') ORDER BY x.quantity_base DESC LIMIT 1) AS l ON true
       LEFT JOIN account_state ls ON ls.account_id = l.account_id
      WHERE f.id = $1 AND f.user_id = $2 ORDER BY p.symbol, p.side`,
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
