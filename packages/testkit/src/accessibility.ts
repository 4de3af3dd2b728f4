import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { z } from 'zod'

const Report = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      impact: z.string().nullable(),
      help: z.string(),
      nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
    }),
  ),
})

const GRAVE = new Set(['serious', 'critical'])

/** What keeps people from using the page as it stands now, by WCAG 2.2 A and AA; a line for each place. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(axe.source)
  const report = Report.parse(
    await page.evaluate(
      `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })`,
    ),
  )
  return report.violations
    .filter(({ impact }) => impact !== null && GRAVE.has(impact))
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${failureSummary}`),
    )
}
