export { createAnswerDesk, type AnswerDesk, type Watch } from './answer-desk.ts'
export { askExchange } from './ask-exchange.ts'
export { awaitAnswer } from './await-answer.ts'
