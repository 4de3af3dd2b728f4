export { createDb, isTransient, isUniqueViolation, type Db, type DbOptions, type Queryable, type Transaction } from './db.ts'
export { personFact, recordFacts, type NewFact } from './facts.ts'
