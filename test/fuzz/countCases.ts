import { appendFileSync } from 'node:fs';
import fc from 'fast-check';

/**
 * Imported before all else by `npm run fuzz`: every property of the process begins with the same seed, and how many
 * cases each had is added to a file, a line a property.
 */
const { TEA_CHEST_FUZZ_SEED: seed, TEA_CHEST_FUZZ_COUNTS: countsFile } = process.env;

function report(details: fc.RunDetails<unknown>): void {
  if (countsFile !== undefined) appendFileSync(countsFile, `${details.numRuns}\n`);
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
}

// eslint-disable-next-line @typescript-eslint/no-deprecated -- plugins, its successor, cannot be given for all properties yet
fc.configureGlobal({ reporter: report, ...(seed === undefined ? {} : { seed: Number(seed) }) });
