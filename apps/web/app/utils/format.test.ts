import { describe, expect, it } from 'vitest'
import { decimalsOf, formatAge, formatAmount, formatExact, formatLatency, formatSigned } from './format.ts'

describe('amounts', () => {
  it('are grouped and exact beyond what a float holds', () => {
    expect(formatAmount('1234567.895')).toBe('1,234,567.90')
    expect(formatExact('12345678901234567.123456789')).toBe('12,345,678,901,234,567.123456789')
    expect(formatAmount('-0.5', 0)).toBe('0')
  })

  it('carry a sign unless they are zero, and a dash when they are unknown', () => {
    expect([formatSigned('1'), formatSigned('-1'), formatSigned('-0.001'), formatSigned('0'), formatSigned(null)]).toEqual([
      '+1.00',
      '−1.00',
      '−0.00',
      '0.00',
      '—',
    ])
  })

  it('take their decimals from the step', () => {
    expect([decimalsOf('0.10'), decimalsOf('1'), decimalsOf('0.00001'), decimalsOf(undefined)]).toEqual([1, 0, 5, 2])
  })
})

describe('times', () => {
  it('are as fine as they matter', () => {
    expect([formatLatency(3.42), formatLatency(61.7), formatLatency(1_020), formatLatency(12_345)]).toEqual([
      '3.4 ms',
      '62 ms',
      '1.02 s',
      '12.3 s',
    ])
    expect([formatAge(-5), formatAge(12_000), formatAge(200_000), formatAge(7_200_000)]).toEqual([
      'just now',
      '12 s ago',
      '3 min ago',
      '2 h ago',
    ])
  })
})
