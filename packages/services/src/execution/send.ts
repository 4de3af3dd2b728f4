import type { AccountHandle, ExchangeFailure, ExchangeOrder, ExchangePort, ExchangeResult } from '@matic/exchange/port'
import type { ExecutionContext } from './context.ts'
import { LaneLost } from './lane.ts'
import type { Answer, AnswerOutcome } from './record-answers.ts'
import { recordFailure } from './record-failure.ts'
import type { Send } from './write-ahead.ts'

const SILENCE: ExchangeFailure = {
  verdict: 'UNKNOWN',
  execution: 'unknown',
  retryable: false,
  code: 'no answer',
  text: 'No answer in time; looking the order up.',
  reason: 'UNKNOWN_OUTCOME',
  retryAfterMs: null,
}

export type RecordAnswer = (answer: Answer) => Promise<AnswerOutcome>

/** Sends what was written ahead and writes down the answer. Several orders of one lane leave together. */
export async function sendAll(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  sends: readonly Send[],
  record: RecordAnswer,
): Promise<void> {
  ctx.crashPoints.pass('K6')
  const results = await Promise.allSettled(sends.map((send) => sendOne(ctx, port, handle, send, record)))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

async function sendOne(ctx: ExecutionContext, port: ExchangePort, handle: AccountHandle, send: Send, record: RecordAnswer): Promise<void> {
  const sentMs = ctx.clock.monotonic()
  const sent = port.createOrder(handle, send.request, send.signing)
  const isOver = () => port.budget?.settle()
  void sent.then(isOver, isOver)
  ctx.crashPoints.pass('K7')
  const result = await orSilence(ctx, sent)
  ctx.crashPoints.pass('K8')
  const outcome = result.ok ? 'acked' : result.failure.execution
  ctx.meter?.orderAnswered({ exchange: send.lane.exchange, leg: send.order.leg, outcome }, (ctx.clock.monotonic() - sentMs) / 1_000)
  if (!result.ok) {
    if (result.failure.verdict === 'CLOCK') await measureAgain(ctx, port, send.lane.exchange)
    return recordFailure(ctx, send, result.failure)
  }
  const { lane, order, attempt } = send
  const answer = { lane, orderId: order.id, seen: result.value, sentAtMs: attempt.createdAtMs, isCanary: order.isCanary }
  if ((await record(answer)) === 'lost') throw new LaneLost(lane.accountId)
  ctx.crashPoints.pass(send.order.leg === 'open' ? 'K9' : 'K10')
}

/** An answer that stays out is not waited for: the lane goes on by looking the order up, under the same rules as after a crash. */
async function orSilence(ctx: ExecutionContext, answer: Promise<ExchangeResult<ExchangeOrder>>): Promise<ExchangeResult<ExchangeOrder>> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<ExchangeResult<ExchangeOrder>>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, failure: SILENCE }), ctx.timings.lookupDelaysMs[2] ?? ctx.timings.requestTimeoutMs)
  })
  try {
    return await Promise.race([answer, silence])
  } finally {
    clearTimeout(timer)
  }
}

async function measureAgain(ctx: ExecutionContext, port: ExchangePort, exchange: string): Promise<void> {
  const measured = await port.measureClock()
  const known = ctx.clocks.get(exchange)
  if (measured.ok) ctx.clocks.set(exchange, { ...measured.value, databaseOffsetMs: known?.databaseOffsetMs ?? 0 })
}
