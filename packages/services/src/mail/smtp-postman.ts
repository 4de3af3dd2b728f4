import { hash } from 'node:crypto'
import type { Secret, SmtpConfig } from '@matic/platform'
import { createTransport } from 'nodemailer'
import type { Postman } from './send-mails.ts'

/** Over SMTP, encrypted wherever a password is sent. */
export function createSmtpPostman({ smtp, password }: { smtp: SmtpConfig; password: Secret | undefined }): Postman & { close(): void } {
  const transport = createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.port === 465,
    requireTLS: smtp.port !== 465 && smtp.user !== undefined,
    ...(smtp.user === undefined ? {} : { auth: { user: smtp.user, pass: password?.reveal() ?? '' } }),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  })
  const domain = smtp.from.match(/@([\w.-]+)/)?.[1] ?? 'localhost'

  return {
    async deliver({ id, to, subject, text, html }) {
      await transport.sendMail({
        from: smtp.from,
        to: { name: '', address: to },
        subject,
        text,
        html,
        messageId: `<${hash('sha256', id).slice(0, 32)}@${domain}>`,
      })
    },
    close: () => transport.close(),
  }
}
