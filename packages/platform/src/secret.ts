import { inspect } from 'node:util'

/** A value that no log line, JSON document or template string shows. Only `reveal()` gives it away. */
export interface Secret<T = string> {
  reveal(): T
  toString(): string
  toJSON(): string
}

const shown = '[secret]'

export function createSecret<T>(value: T): Secret<T> {
  const secret = {
    reveal: () => value,
    toString: () => shown,
    toJSON: () => shown,
    [inspect.custom]: () => shown,
  }
  return Object.freeze(secret)
}
