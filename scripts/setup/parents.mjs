import process from 'node:process'

const everyMs = 500

/** Calls back when the npm that runs this script is gone, so that killing it stops what it started. */
export function whenNpmIsGone(callBack) {
  // The scripts of package.json say `exec`, which makes npm itself our parent.
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    callBack()
  }, everyMs)
  timer.unref()
}
