export { readInbox } from './read-inbox.ts'
export { sendMails, type Postman } from './send-mails.ts'
export { createSmtpPostman } from './smtp-postman.ts'
