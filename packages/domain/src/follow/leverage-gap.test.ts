import { describe, expect, it } from 'vitest'
import { leverageGap } from './leverage-gap.ts'

const isolated = { quantityBase: '0.1', markPrice: '50000', marginMode: 'isolated' as const, equity: '10000' }

describe('the leverage of a copy beside its leader’s', () => {
  it('warns where the leader added margin and the follower did not: 5 and 10 times', () => {
    const gap = leverageGap({ ...isolated, margin: '1000' }, { ...isolated, margin: '500' })
    expect([gap.leader?.toFixed(), gap.follower?.toFixed(), gap.times?.toFixed(), gap.isWarning]).toEqual(['5', '10', '2', true])
  })

  it('does not up to a quarter more', () => {
    const small = { ...isolated, margin: '1000' }
    expect(leverageGap(small, { ...small, quantityBase: '0.125' }).isWarning).toBe(false)
    expect(leverageGap(small, { ...small, quantityBase: '0.126' }).isWarning).toBe(true)
  })

  it('of a cross position is over the whole account, and unknown where nothing stands behind it', () => {
    const cross = { ...isolated, marginMode: 'cross' as const, margin: '1' }
    expect(leverageGap(cross, cross)).toMatchObject({ isWarning: false })
    expect(leverageGap(cross, cross).leader?.toFixed()).toBe('0.5')
    expect(leverageGap(cross, { ...cross, equity: '0' })).toMatchObject({ follower: null, times: null, isWarning: false })
  })
})
