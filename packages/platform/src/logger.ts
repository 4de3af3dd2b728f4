import type { Writable } from 'node:stream'
import winston from 'winston'
import { createLogSink } from './log-sink.ts'
import { createRedactor, redacted } from './redactor.ts'
import type { Redactor } from './redactor.ts'
import { createRequestScope } from './request-scope.ts'
import type { RequestScope } from './request-scope.ts'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** Ids of user, signal, order under their own names; a raw error under `err`. */
export type LogFields = Readonly<Record<string, unknown>>

/** Fields first, sentence second. */
export interface Logger {
  error(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  /** The same log with these fields on every line. */
  child(fields: LogFields): Logger
}

export interface RootLogger extends Logger {
  redactor: Redactor
  requests: RequestScope
  /** Lines thrown away because the reader was too slow or the disk full. */
  droppedLines(): number
  /** Writes out what is buffered, for at most the deadline. */
  close(deadlineMs?: number): Promise<void>
}

export interface LoggerOptions {
  /** The process: api, worker, venue, web. */
  name: string
  level: LogLevel
  /** One JSON object a line for machines, or lines for people. */
  format: 'json' | 'readable'
  redactor?: Redactor
  requests?: RequestScope
  /** Instead of standard output. */
  stream?: Writable
}

export function createLogger(options: LoggerOptions): RootLogger {
  const { name, level, format, redactor = createRedactor(), requests = createRequestScope() } = options
  const sink = options.stream ? undefined : createLogSink({ fd: 1 })
  const stream = options.stream ?? sink?.stream
  if (!stream) throw new Error('A logger needs a stream')

  const line = winston.format.printf((entry) => {
    const text = format === 'json' ? jsonLine(entry) : readableLine(entry)
    return redactor.scrub(text)
  })
  const output = winston.createLogger({ level, format: line, transports: [new winston.transports.Stream({ stream })] })

  const put = (at: LogLevel, own: LogFields, fields: LogFields, message: string) => {
    if (!output.isLevelEnabled(at)) return
    const requestId = requests.requestId()
    const all = { ...own, ...(requestId === undefined ? {} : { requestId }), ...fields }
    output.log({ level: at, message, time: new Date().toISOString(), process: name, fields: plain(all, redactor) })
  }

  const build = (own: LogFields): Logger => ({
    error: (fields, message) => put('error', own, fields, message),
    warn: (fields, message) => put('warn', own, fields, message),
    info: (fields, message) => put('info', own, fields, message),
    debug: (fields, message) => put('debug', own, fields, message),
    child: (fields) => build({ ...own, ...fields }),
  })

  const close = async (deadlineMs = 500) => {
    await sink?.flush(deadlineMs)
  }

  return { ...build({}), redactor, requests, droppedLines: () => sink?.dropped() ?? 0, close }
}

function jsonLine(entry: winston.Logform.TransformableInfo): string {
  const { time, process, fields } = head(entry)
  return JSON.stringify({ time, level: entry.level, process, message: entry.message, ...fields })
}

function readableLine(entry: winston.Logform.TransformableInfo): string {
  const { time, process, fields } = head(entry)
  const pairs = Object.entries(fields).map(([name, value]) => readablePair(name, value))
  return [`${time.slice(11, 23)} ${entry.level.toUpperCase().padEnd(5)} ${process.padEnd(6)} ${String(entry.message)}`, ...pairs].join(' ')
}

function readablePair(name: string, value: unknown): string {
  if (name === 'err' && isFields(value) && typeof value['stack'] === 'string') return `\n${value['stack']}`
  return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
}

function head(entry: winston.Logform.TransformableInfo): { time: string; process: string; fields: LogFields } {
  const fields = entry['fields']
  return { time: String(entry['time']), process: String(entry['process']), fields: isFields(fields) ? fields : {} }
}

const depthMax = 5
const itemsMax = 50
const textMax = 4_000

/** A copy that JSON can hold: bounded, without secrets by name, errors opened up, odd types as text. */
function plain(fields: LogFields, redactor: Redactor): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redactor.isSecretName(name) ? redacted : copy(value, 0)]))

  function copy(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return value.length > textMax ? `${value.slice(0, textMax)}…` : value
    if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return value
    if (typeof value !== 'object') return String(value)
    if (depth >= depthMax) return '…'
    if (value instanceof Error) return openedError(value, depth)
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
    if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
    if (Array.isArray(value)) return value.slice(0, itemsMax).map((item) => copy(item, depth + 1))
    if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), depth + 1)
    if (value instanceof Map || value instanceof Set) return `${value.size} entries`

    const entries = Object.entries(value).slice(0, itemsMax)
    return Object.fromEntries(entries.map(([name, item]) => [name, redactor.isSecretName(name) ? redacted : copy(item, depth + 1)]))
  }

  function openedError(error: Error, depth: number): LogFields {
    const own = Object.entries(error).filter(([name, value]) => name !== 'cause' && typeof value !== 'object')
    const known = own.map(([name, value]) => [name, redactor.isSecretName(name) ? redacted : copy(value, depth + 1)])
    const cause = error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1) }
    return { name: error.name, message: error.message, ...Object.fromEntries(known), stack: error.stack, ...cause }
  }
}

function isFields(value: unknown): value is LogFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
