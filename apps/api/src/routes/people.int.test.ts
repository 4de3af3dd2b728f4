import type { InboxMail, SessionView, UserView } from '@matic/contracts'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataOf, startApi, type TestApi } from '../../test/start-api.ts'

interface SignedUp {
  readonly user: UserView
  readonly accessToken: string
  readonly refreshToken: string
}

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

let people = 0
async function signUp(given: object = {}): Promise<SignedUp & { email: string; password: string }> {
  people += 1
  const who = { email: `person-${people}@matic.test`, password: 'three words no order', fullName: 'Ada Person', plan: 'YEARLY', ...given }
  const { body } = await api.request('POST', '/api/auth/register', { json: who })
  return { ...dataOf<SignedUp>(body), email: who.email, password: who.password }
}

async function mailsTo(email: string): Promise<InboxMail[]> {
  return dataOf<InboxMail[]>((await api.request('GET', `/api/dev/inbox?to=${encodeURIComponent(email)}`)).body)
}
async function codeOf(email: string): Promise<string> {
  return /\b\d{6}\b/.exec((await mailsTo(email))[0]?.text ?? '')?.[0] ?? ''
}
const otherThan = (code: string) => (code === '000000' ? '000001' : '000000')
const post = (path: string, json: unknown, token?: string) => api.request('POST', path, { json, token })
const logIn = (who: object) => post('/api/auth/login', who)
const forgetProof = (userId: string) => api.db.query('UPDATE session SET proved_at = NULL WHERE user_id = $1', [userId])

describe('signing up', () => {
  it('makes a user who is signed in, inactive, and has rules and a webhook', async () => {
    const who = await signUp({ email: ' New.Person@Matic.TEST'.trim(), phone: '+49 30 1', address: 'Somewhere 1' })
    expect(who.user).toMatchObject({
      email: 'new.person@matic.test',
      role: 'USER',
      isActive: false,
      isEmailVerified: false,
      subscription: null,
    })
    expect((await api.request('GET', '/api/bot/settings', { token: who.accessToken })).status).toBe(200)
    expect((await api.db.query('SELECT 1 FROM webhook WHERE user_id = $1', [who.user.id])).length).toBe(1)
  })

  it('says 409 to an address that is known, however it is written', async () => {
    const { email, password } = await signUp()
    const again = await post('/api/auth/register', { email: email.toUpperCase(), password, fullName: 'Somebody' })
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } })
  })

  it.each([
    [{ password: 'short' }],
    [{ password: 'é'.repeat(37) }],
    [{ password: 'password123' }],
    [{ password: 'aaaaaaaaaaaa' }],
    [{ password: 'ada.weak@matic.test' }],
    [{ fullName: ' ' }],
    [{ fullName: 'a\u0000b' }],
    [{ plan: 'FOREVER' }],
  ])('refuses %j', async (given) => {
    const json = { email: 'ada.weak@matic.test', password: 'three words no order', fullName: 'Ada', ...given }
    expect(await post('/api/auth/register', json)).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_FAILED' } } })
  })

  it('cannot make anybody more than a user', async () => {
    const { user } = await signUp({ role: 'SUPER_ADMIN', isActive: true, isEmailVerified: true })
    expect(user).toMatchObject({ role: 'USER', isActive: false, isEmailVerified: false })
  })
})

describe('the code by mail', () => {
  it('activates its user and starts fourteen days of the asked plan', async () => {
    const { email, accessToken, user } = await signUp()
    const { status, body } = await post('/api/auth/verify-email', { code: await codeOf(email) }, accessToken)
    expect(status).toBe(200)
    const verified = dataOf<UserView>(body)
    expect(verified).toMatchObject({
      id: user.id,
      isActive: true,
      isEmailVerified: true,
      subscription: { plan: 'YEARLY', status: 'TRIAL' },
    })
    const days = (Date.parse(verified.subscription?.endDate ?? '') - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(13.9)
    expect(days).toBeLessThan(14.1)
    expect((await post('/api/auth/resend-code', {}, accessToken)).status).toBe(409)
  })

  it('waits for an administrator where that is asked for', async () => {
    await using strict = await startApi({ env: { REQUIRE_ADMIN_APPROVAL: 'true' } })
    const json = { email: 'waits@matic.test', password: 'three words no order', fullName: 'Waits' }
    const { accessToken } = dataOf<SignedUp>((await strict.request('POST', '/api/auth/register', { json })).body)
    const [mail] = dataOf<InboxMail[]>((await strict.request('GET', '/api/dev/inbox?to=waits@matic.test')).body)
    const code = /\b\d{6}\b/.exec(mail?.text ?? '')?.[0]
    const { body } = await strict.request('POST', '/api/auth/verify-email', { json: { code }, token: accessToken })
    expect(dataOf<UserView>(body)).toMatchObject({ isEmailVerified: true, isActive: false, subscription: null })
  })

  it('is good for nobody else', async () => {
    const [one, other] = [await signUp(), await signUp()]
    const code = await codeOf(one.email)
    if (code === (await codeOf(other.email))) return
    expect((await post('/api/auth/verify-email', { code }, other.accessToken)).body.error?.code).toBe('CODE_WRONG')
  })

  it('is over after five tries, also when they come at once', async () => {
    const { email, accessToken } = await signUp()
    const code = await codeOf(email)
    const wrong = { code: otherThan(code) }
    await Promise.all(Array.from({ length: 5 }, () => post('/api/auth/verify-email', wrong, accessToken)))
    expect((await post('/api/auth/verify-email', { code }, accessToken)).body.error?.code).toBe('CODE_WRONG')
  })

  it('is over after ten minutes, and when a new one is sent', async () => {
    const { email, accessToken, user } = await signUp()
    const first = await codeOf(email)
    await post('/api/auth/resend-code', {}, accessToken)
    const second = await codeOf(email)
    if (first !== second) expect((await post('/api/auth/verify-email', { code: first }, accessToken)).status).toBe(400)
    await api.db.query(`UPDATE email_code SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [user.id])
    expect((await post('/api/auth/verify-email', { code: second }, accessToken)).status).toBe(400)
  })

  it('is sent five times an hour at most', async () => {
    const { accessToken } = await signUp()
    const statuses = []
    for (let attempt = 0; attempt < 5; attempt += 1) statuses.push((await post('/api/auth/resend-code', {}, accessToken)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 429])
  })
})

describe('a forgotten password', () => {
  it('is asked for with the same answer, known or not', async () => {
    const { email } = await signUp()
    const answers = await Promise.all(
      [email, 'nobody-here@matic.test'].map((address) => post('/api/auth/forgot-password', { email: address })),
    )
    expect(answers.map(({ status, text }) => ({ status, text }))[0]).toEqual(answers.map(({ status, text }) => ({ status, text }))[1])
    expect(await mailsTo('nobody-here@matic.test')).toEqual([])
  })

  it('is replaced by a link that is good once, ends every session, and is not kept as it is', async () => {
    const { email, password, accessToken, refreshToken } = await signUp()
    await post('/api/auth/forgot-password', { email })
    const token = decodeURIComponent((await mailsTo(email))[0]?.link?.split('#')[1] ?? '')
    expect(Buffer.from(token, 'base64url').length).toBeGreaterThanOrEqual(16)
    const stored = await api.db.query<{ hash: Buffer }>('SELECT token_hash AS hash FROM password_reset')
    expect(stored.some(({ hash }) => hash.toString('base64url') === token)).toBe(false)

    const json = { token, password: 'entirely other words' }
    expect((await post('/api/auth/reset-password', json)).status).toBe(200)
    expect((await post('/api/auth/reset-password', json)).body.error?.code).toBe('LINK_EXPIRED')
    expect((await post('/api/auth/refresh', { refreshToken })).status).toBe(401)
    await expect
      .poll(async () => (await api.request('GET', '/api/auth/profile', { token: accessToken })).status, { timeout: 4_000 })
      .toBe(401)
    expect((await logIn({ email, password })).status).toBe(401)
    expect((await logIn({ email, password: json.password })).status).toBe(200)
  })
})

describe('sessions', () => {
  it('are listed, ended one by one or all others at once', async () => {
    const who = await signUp()
    const others = []
    for (let count = 0; count < 3; count += 1) others.push(dataOf<SignedUp>((await logIn(who)).body))
    const list = async () => dataOf<SessionView[]>((await api.request('GET', '/api/auth/sessions', { token: who.accessToken })).body)
    const before = await list()
    expect(before.map(({ isCurrent }) => isCurrent)).toEqual([true, false, false, false])

    expect((await api.request('DELETE', `/api/auth/sessions/${before[1]?.id}`, { token: who.accessToken })).status).toBe(200)
    expect((await api.request('DELETE', `/api/auth/sessions/${before[1]?.id}`, { token: who.accessToken })).status).toBe(404)
    expect((await post('/api/auth/refresh', { refreshToken: others[2]?.refreshToken })).status).toBe(401)

    const ended = await api.request('DELETE', '/api/auth/sessions', { token: who.accessToken })
    expect(dataOf<{ ended: number }>(ended.body).ended).toBe(2)
    expect(await list()).toHaveLength(1)
  })

  it('of somebody else are nobody’s business', async () => {
    const [one, other] = [await signUp(), await signUp()]
    const [session] = dataOf<SessionView[]>((await api.request('GET', '/api/auth/sessions', { token: one.accessToken })).body)
    expect((await api.request('DELETE', `/api/auth/sessions/${session?.id}`, { token: other.accessToken })).status).toBe(404)
    expect((await post('/api/auth/refresh', { refreshToken: one.refreshToken })).status).toBe(200)
  })
})

describe('a changed password', () => {
  it('takes the old one, ends the other sessions, keeps this one', async () => {
    const who = await signUp()
    const elsewhere = dataOf<SignedUp>((await logIn(who)).body)
    const change = (currentPassword: string) =>
      post('/api/auth/change-password', { currentPassword, newPassword: 'entirely other words' }, who.accessToken)
    expect((await change('not the password')).body.error?.code).toBe('PASSWORD_WRONG')
    expect((await change(who.password)).status).toBe(200)
    expect((await post('/api/auth/refresh', { refreshToken: elsewhere.refreshToken })).status).toBe(401)
    expect((await post('/api/auth/refresh', { refreshToken: who.refreshToken })).status).toBe(200)
    expect((await mailsTo(who.email))[0]?.subject).toBe('Your password was changed')
  })
})

describe('the profile', () => {
  it('changes what is sent, and nothing that is not its own', async () => {
    const { accessToken } = await signUp({ phone: '1' })
    const put = (json: object) => api.request('PUT', '/api/auth/profile', { json, token: accessToken })
    expect(dataOf<UserView>((await put({ fullName: 'Grace', phone: null })).body)).toMatchObject({ fullName: 'Grace', phone: null })
    for (const json of [{ role: 'ADMIN' }, { isActive: true }, { email: 'x@matic.test' }, { sessionVersion: 9 }]) {
      expect((await put(json)).status).toBe(400)
    }
  })
})

describe('the public name', () => {
  const put = (publicName: unknown, token: string) => api.request('PUT', '/api/auth/profile', { json: { publicName }, token })

  it('is nobody else’s, however it is written, never the e-mail, and free again once given up', async () => {
    const [one, other] = [await signUp({ email: 'old.captain+x@matic.test' }), await signUp()]
    expect(one.user.publicName).toBeNull()
    expect(dataOf<UserView>((await put('Old hand', one.accessToken)).body).publicName).toBe('Old hand')
    expect(await put('OLD-HAND', other.accessToken)).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } })
    for (const told of ['old.captain+x', 'Old Captain', 'old.captain@matic.test'])
      expect((await put(told, one.accessToken)).status).toBe(400)
    expect(dataOf<UserView>((await put('old hand', one.accessToken)).body).publicName).toBe('old hand')
    expect(dataOf<UserView>((await put(null, one.accessToken)).body).publicName).toBeNull()
    expect((await put('OLD-HAND', other.accessToken)).status).toBe(200)
  })
})

describe('two-step sign-in', () => {
  /** The next code is taken as well: whoever asks for it has half a minute and more, a code of the past can be too old on arrival. */
  const appOf = (secret: string) => (stepsAhead: number) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + stepsAhead * 30_000 })

  async function enrolled() {
    const who = await signUp()
    const { secret } = dataOf<{ secret: string }>((await post('/api/auth/totp/enrol', {}, who.accessToken)).body)
    const codeAt = appOf(secret)
    const usedCode = codeAt(0)
    const confirmed = await post('/api/auth/totp/confirm', { code: usedCode }, who.accessToken)
    return { ...who, codeAt, usedCode, secret, recoveryCodes: dataOf<{ recoveryCodes: string[] }>(confirmed.body).recoveryCodes }
  }

  it('is asked for once confirmed, each code good once, the password first', async () => {
    const { email, password, codeAt, usedCode } = await enrolled()
    expect((await logIn({ email, password })).body.error?.code).toBe('SECOND_STEP_REQUIRED')
    const code = codeAt(1)
    expect((await logIn({ email, password: 'wrong', code })).body.error?.code).toBe('LOGIN_FAILED')
    expect((await logIn({ email, password, code: usedCode })).body.error?.code).toBe('CODE_WRONG')
    const both = await Promise.all([logIn({ email, password, code }), logIn({ email, password, code })])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400])
  })

  it('takes a recovery code once, however it is typed, and keeps neither it nor the secret as they are', async () => {
    const { email, password, recoveryCodes, secret, user } = await enrolled()
    expect(new Set(recoveryCodes).size).toBe(10)
    const typed = ` ${recoveryCodes[0]?.toUpperCase().replaceAll('-', ' ')}`
    expect((await logIn({ email, password, code: typed })).status).toBe(200)
    expect((await logIn({ email, password, code: typed })).body.error?.code).toBe('CODE_WRONG')
    const [row] = await api.db.query<{ sealed: Buffer }>('SELECT sealed FROM totp WHERE user_id = $1', [user.id])
    expect(row?.sealed.toString('latin1')).not.toContain(secret)
    expect(() => api.ctx.codes.open('018f0000-0000-7000-8000-000000000000', row?.sealed ?? Buffer.alloc(40))).toThrow()
  })

  it('stays on through a new password', async () => {
    const { email } = await enrolled()
    await post('/api/auth/forgot-password', { email })
    const link = (await mailsTo(email)).find(({ subject }) => subject.startsWith('A new password'))?.link
    const token = decodeURIComponent(link?.split('#')[1] ?? '')
    expect((await post('/api/auth/reset-password', { token, password: 'entirely other words' })).status).toBe(200)
    expect((await logIn({ email, password: 'entirely other words' })).body.error?.code).toBe('SECOND_STEP_REQUIRED')
  })

  it('cannot be guessed', async () => {
    const { email, password, codeAt } = await enrolled()
    const good = new Set([-1, 0, 1, 2, 3].map((step) => codeAt(step)))
    const wrong = ['111111', '222222', '333333', '444444'].find((code) => !good.has(code))
    const statuses = []
    for (let attempt = 0; attempt < 11; attempt += 1) statuses.push((await logIn({ email, password, code: wrong })).status)
    expect(statuses).toEqual([...Array<number>(10).fill(400), 429])
  })

  it('goes off by a code of it', async () => {
    const { email, password, accessToken, recoveryCodes } = await enrolled()
    expect((await post('/api/auth/totp/disable', { code: '000000' }, accessToken)).status).toBe(400)
    expect((await post('/api/auth/totp/disable', { code: recoveryCodes[3] }, accessToken)).status).toBe(200)
    expect((await logIn({ email, password })).status).toBe(200)
  })
})

describe('what matters most', () => {
  it('asks again who it is after five minutes, and this session alone is believed', async () => {
    const who = await signUp()
    const rotate = (token: string) => post('/api/bot/webhook/rotate', {}, token)
    expect((await rotate(who.accessToken)).status).toBe(200)
    await forgetProof(who.user.id)
    const elsewhere = dataOf<SignedUp>((await logIn(who)).body)
    expect(await rotate(who.accessToken)).toMatchObject({ status: 403, body: { error: { code: 'STEP_UP_REQUIRED' } } })
    expect((await rotate(elsewhere.accessToken)).status).toBe(200)
    expect((await post('/api/auth/step-up', { password: 'wrong' }, who.accessToken)).body.error?.code).toBe('PASSWORD_WRONG')
    expect((await post('/api/auth/step-up', { password: who.password }, who.accessToken)).status).toBe(200)
    expect((await rotate(who.accessToken)).status).toBe(200)
    await api.db.query(`UPDATE session SET proved_at = proved_at - interval '301 seconds' WHERE user_id = $1`, [who.user.id])
    expect((await rotate(who.accessToken)).status).toBe(403)
  })
})

it('the inbox is nowhere in production, nor where mails are sent', async () => {
  await using production = await startApi({ env: { NODE_ENV: 'production', TIMINGS_SCALE: '1' } })
  expect((await production.request('GET', '/api/dev/inbox')).status).toBe(404)
  await using sending = await startApi({ env: { SMTP_HOST: 'mail.example.org' } })
  expect((await sending.request('GET', '/api/dev/inbox')).status).toBe(404)
})
