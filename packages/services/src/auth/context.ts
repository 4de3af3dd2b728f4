import type { ServiceContext } from '../context.ts'
import type { AuthLimits } from './auth-limits.ts'
import type { CodeBook } from './code-book.ts'
import type { LoginGuard } from './login-guard.ts'
import type { Passwords } from './passwords.ts'
import type { Tokens } from './tokens.ts'
import type { UserBook } from './user-book.ts'

export interface AuthContext extends ServiceContext {
  readonly passwords: Passwords
  readonly tokens: Tokens
  readonly users: UserBook
  readonly loginGuard: LoginGuard
  readonly authLimits: AuthLimits
  readonly codes: CodeBook
  /** A verified e-mail is not enough: an administrator activates each user. */
  readonly requireAdminApproval: boolean
  /** What is for administrators stays closed to those without two-step sign-in. Elsewhere they are only told. */
  readonly adminsNeedTwoStep: boolean
}
