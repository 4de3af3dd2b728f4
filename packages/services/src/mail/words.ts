import { activityText, type MailContent } from '@matic/contracts'

export interface MailWords {
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Where the mail leads, as a path of the dashboard. */
  readonly path: string | null
}

interface Plain {
  readonly subject: string
  readonly lines: readonly string[]
  /** Shown large. */
  readonly code?: string
  readonly link?: { readonly path: string; readonly label: string }
}

/** A mail in words, at the moment it is sent. */
export function mailWords(content: MailContent, { frontendUrl }: { frontendUrl: string }): MailWords {
  const plain = wordsOf(content)
  const url = plain.link === undefined ? undefined : `${frontendUrl}${plain.link.path}`
  const parts = [
    `Hello ${content.params.name},`,
    ...plain.lines,
    ...(plain.code === undefined ? [] : [plain.code]),
    ...(url === undefined ? [] : [url]),
  ]
  const text = `${[...parts, 'Matic Trade'].join('\n\n')}\n`
  return { subject: plain.subject, text, html: htmlOf(content.params.name, plain, url), path: plain.link?.path ?? null }
}

function wordsOf(content: MailContent): Plain {
  switch (content.template) {
    case 'verify-email':
      return {
        subject: `${content.params.code} is your code for Matic Trade`,
        lines: [
          `Enter this code to confirm your e-mail address. It is good for ${content.params.minutes} minutes.`,
          'If you did not sign up, there is nothing to do.',
        ],
        code: content.params.code,
        link: { path: '/verify-email', label: 'Enter the code' },
      }
    case 'reset-password':
      return {
        subject: 'A new password for Matic Trade',
        lines: [
          `Somebody asked for a new password of this account. The link below is good once, for ${content.params.minutes} minutes.`,
          'If that was not you, there is nothing to do: your password stays as it is.',
        ],
        link: { path: `/reset-password#${encodeURIComponent(content.params.token)}`, label: 'Set a new password' },
      }
    case 'password-changed':
      return {
        subject: 'Your password was changed',
        lines: [
          `The password of your account was changed on ${readableTime(content.params.at)}.`,
          'If that was not you, set a new one at once and look at your sessions.',
        ],
        link: { path: '/forgot-password', label: 'It was not me' },
      }
    case 'two-step-changed':
      return {
        subject: `Two-step sign-in was switched ${content.params.enabled ? 'on' : 'off'}`,
        lines: [
          `Two-step sign-in of your account was switched ${content.params.enabled ? 'on' : 'off'} on ${readableTime(content.params.at)}.`,
          'If that was not you, change your password at once.',
        ],
        link: { path: '/forgot-password', label: 'It was not me' },
      }
    case 'recovery-codes-renewed':
      return {
        subject: 'New recovery codes were made',
        lines: [
          `New recovery codes were made for your account on ${readableTime(content.params.at)}; the old ones stopped working.`,
          'If that was not you, change your password at once and make new ones.',
        ],
        link: { path: '/settings/security', label: 'Look at your account' },
      }
    case 'new-device':
      return {
        subject: 'Somebody signed in from a new device',
        lines: [
          `Somebody signed in to your account on ${readableTime(content.params.at)}, from ${content.params.ip}, with a browser not seen before:`,
          content.params.device ?? 'It did not say what it is.',
          'If that was you, there is nothing to do. If not, change your password: that ends every other session.',
        ],
        link: { path: '/settings/security', label: 'Look at your sessions' },
      }
    case 'session-stolen':
      return {
        subject: 'A session of yours was used from two places',
        lines: [
          `On ${readableTime(content.params.at)} a session of your account was renewed twice by the same token. Somebody may have copied it, so it was ended.`,
          'Sign in again, change your password and look at what was done.',
        ],
        link: { path: '/settings/security', label: 'Look at your sessions' },
      }
    case 'key-added':
      return {
        subject: 'An exchange key was added',
        lines: [
          `On ${readableTime(content.params.at)} a ${content.params.environment.toLowerCase()} key of ${content.params.exchange} was connected as "${content.params.label}".`,
          'If that was not you, disconnect it, change your password and end the other sessions.',
        ],
        link: { path: '/accounts', label: 'Look at your accounts' },
      }
    case 'webhook-rotated':
      return {
        subject: 'Your webhook got a new address',
        lines: [
          `The address that your alerts go to was replaced on ${readableTime(content.params.at)}.`,
          'If that was not you, make another one, change your password and end the other sessions.',
        ],
        link: { path: '/webhook', label: 'Look at your webhook' },
      }
    case 'follow-news':
      return {
        subject: `News of your copy of ${content.params.strategy}`,
        lines: [
          activityText(content.params.code, content.params.numbers),
          `That was on ${readableTime(content.params.at)}. Mails like this one can be switched off in your profile.`,
        ],
        link: { path: `/copies/${content.params.followId}`, label: 'Look at this copy' },
      }
  }
}

function readableTime(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' at ')} UTC`
}

function htmlOf(name: string, { lines, code, link }: Plain, url: string | undefined): string {
  const paragraph = (text: string) => `<p style="margin:0 0 16px">${escaped(text)}</p>`
  const large =
    code === undefined ? '' : `<p style="margin:0 0 16px;font:600 28px ui-monospace,monospace;letter-spacing:4px">${escaped(code)}</p>`
  const button =
    url === undefined || link === undefined
      ? ''
      : `<p style="margin:0 0 16px"><a href="${escaped(url)}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#0f766e;color:#ffffff;text-decoration:none">${escaped(link.label)}</a></p>`
  const body = [paragraph(`Hello ${name},`), ...lines.map(paragraph), large, button].join('')
  return `<!doctype html><html lang="en"><body style="margin:0;padding:24px;background:#f4f4f5"><table role="presentation" width="100%"><tr><td align="center"><table role="presentation" width="480" style="max-width:100%;padding:24px;border-radius:12px;background:#ffffff;color:#18181b;font:16px/1.5 system-ui,sans-serif;text-align:left"><tr><td>${body}<p style="margin:0;color:#71717a;font-size:13px">Matic Trade</p></td></tr></table></td></tr></table></body></html>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
