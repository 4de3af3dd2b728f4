import { expect, it } from 'vitest'
import { toCsv } from './csv.ts'

it('writes RFC 4180: CRLF after every line, quotes where needed', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['x,y', 'say "no"'],
        ['two\nlines', null],
        [1, true],
      ],
    ),
  ).toBe('a,b\r\n"x,y","say ""no"""\r\n"two\nlines",\r\n1,true\r\n')
})

it.each([
  ['=1+1', "'=1+1"],
  ['+cmd', "'+cmd"],
  ['@sum', "'@sum"],
  ['-2+3', "'-2+3"],
  ['\tx', "'\tx"],
  ['-12.50', '-12.50'],
  ['+3', '+3'],
  ['BTC/USDT:USDT', 'BTC/USDT:USDT'],
])('lets no spreadsheet run %j', (text, written) => {
  expect(toCsv(['h'], [[text]])).toBe(`h\r\n${written}\r\n`)
})
