import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { root } from './environment.ts'

/** Of each group the files that take longest, longest first: what begins last is not to be what all else waits for. */
const LONG = [
  'packages/platform/src/doorbell.int.test.ts',
  'packages/services/src/execution/netting.int.test.ts',
  'packages/services/src/accounts/rotate-keys.int.test.ts',
  'packages/services/src/execution/shared-symbols.int.test.ts',
  'packages/services/src/execution/worker-kills.int.test.ts',
  'packages/testkit/src/chaos/chaos.e2e.test.ts',
  'packages/testkit/src/chaos/fan-out.e2e.test.ts',
  'scripts/deploy/images.e2e.test.ts',
  'apps/web/tests/pages.e2e.test.ts',
  'apps/web/tests/copy.e2e.test.ts',
  'apps/web/tests/settings.e2e.test.ts',
]

/** The order of vitest, which knows no more than how large a file is where nothing ran before. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONG.indexOf(relative(root, moduleId))
      return index === -1 ? LONG.length : index
    }
    const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder
    return sorted.toSorted((a, b) => group(a) - group(b) || place(a) - place(b))
  }
}
