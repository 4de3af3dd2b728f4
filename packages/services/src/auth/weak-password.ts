import { AppError } from '@matic/contracts'

/** What guessing starts with; shorter ones are refused anyway. */
const COMMON = new Set(
  `password password1 password12 password123 passw0rd p@ssw0rd p@ssword pa55word 12345678 123456789 1234567890 0123456789 11111111 00000000
  88888888 87654321 987654321 12341234 11223344 123123123 123321123 qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 1q2w3e4r 1q2w3e4r5t
  q1w2e3r4 1qaz2wsx zaq12wsx asdfghjk asdfghjkl asdf1234 zxcvbnm1 zxcvbnm123 abcd1234 abc12345 a1b2c3d4 iloveyou iloveyou1 sunshine princess
  football baseball basketball superman batman123 trustno1 starwars welcome1 welcome123 letmein1 letmein123 admin123 admin1234 administrator
  changeme changeme1 computer internet whatever dragon123 monkey123 master123 michelle jennifer michael1 charlie1 liverpool chelsea1 arsenal1
  samsung1 google123 bitcoin1 bitcoin123 ethereum crypto123 trading1 trading123 tradingview binance1 binance123 matictrade matic123`.split(
    /\s+/,
  ),
)

/** @throws AppError VALIDATION_FAILED for what everybody tries first and for what is known of the person */
export function refuseWeakPassword(password: string, known: readonly string[]): void {
  const plain = password.toLowerCase()
  const own = known.flatMap((text) => [text, text.split('@')[0] ?? '', text.replaceAll(/\s/g, '')]).map((text) => text.toLowerCase())
  const isWeak = COMMON.has(plain) || new Set(plain).size < 4 || own.some((text) => text.length > 2 && plain.replace(text, '').length < 4)
  if (!isWeak) return
  throw new AppError('VALIDATION_FAILED', 'This password is too easy to guess. Take a few words that do not belong together.', {
    details: { password: ['Too easy to guess'] },
  })
}
