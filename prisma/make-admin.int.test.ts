import { createPasswords } from '@matic/services/auth/index'
import { createDatabase } from '@matic/testkit'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { makeAdmin } from './make-admin.ts'

it('makes the first administrator, and raises somebody who is already there without touching their password', async () => {
  await using database = await createDatabase()
  const client = new Client({ connectionString: database.url })
  await client.connect()
  const passwords = createPasswords({ cost: 4 })
  const people = async () =>
    (await client.query('SELECT email, role, is_active, is_email_verified, password_hash FROM app_user ORDER BY created_at')).rows
  try {
    const first = await makeAdmin({ databaseUrl: database.url, email: ' Boss@Example.org ' })
    const [boss] = await people()
    expect(boss).toMatchObject({ email: 'boss@example.org', role: 'SUPER_ADMIN', is_active: true, is_email_verified: true })
    expect(first.password?.length).toBeGreaterThanOrEqual(32)
    expect(await passwords.verify(first.password ?? '', boss.password_hash)).toBe(true)

    await client.query(`UPDATE app_user SET role = 'USER', is_active = false`)
    expect(await makeAdmin({ databaseUrl: database.url, email: 'boss@example.org' })).toEqual({ password: null })
    expect(await people()).toEqual([boss])
    await expect(makeAdmin({ databaseUrl: database.url, email: 'nobody' })).rejects.toThrow('no e-mail address')
  } finally {
    await passwords.close()
    await client.end()
  }
})
