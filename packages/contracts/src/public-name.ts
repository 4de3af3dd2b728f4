import { z } from 'zod'

/** Nobody but who runs the place may sound as if they did. */
const OFFICIAL = /admin|moderator|official|support|matic/

/** What two names are compared by: they differ in more than case, spaces and marks. */
export function publicNameKey(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[ ._-]/g, '')
}

/** What everybody else sees a person by: letters and digits, with single spaces, dots, hyphens or underscores between them. */
export const PublicName = z
  .string()
  .trim()
  .min(3, 'At least 3 characters')
  .max(30, 'At most 30 characters')
  .transform((name) => name.normalize('NFKC'))
  .refine(
    (name) => /^[\p{L}\p{N}]+(?:[ ._-][\p{L}\p{N}]+)*$/u.test(name),
    'Letters and digits; one space, dot, hyphen or underscore between them',
  )
  .refine((name) => !OFFICIAL.test(publicNameKey(name)), 'Sounds as if you ran this place')
