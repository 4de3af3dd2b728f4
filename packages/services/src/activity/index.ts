export { addNote } from './add-note.ts'
export { clearActivity } from './clear-activity.ts'
export { countActivity, exportActivity, listActivity } from './list-activity.ts'
