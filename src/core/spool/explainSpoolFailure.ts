import { dirname } from 'node:path';
import { systemCode, TeaChestError } from '../base/errors.ts';

const full = new Set(['ENOSPC', 'EDQUOT']);

/** A failed file operation under the spool folder, said in words. */
export function explainSpoolFailure(error: unknown, path: string): TeaChestError {
  if (error instanceof TeaChestError) return error;
  const folder = dirname(path);
  const code = systemCode(error);
  if (code !== undefined && full.has(code)) {
    return new TeaChestError(
      'spoolFull',
      `The disk is full: compressed layers are kept in ${folder} until the registry has them, and there is no room left for the next bytes (${code}).`,
      { stage: 'spool', cause: error, facts: { folder } },
    );
  }
  const words = error instanceof Error ? error.message : String(error);
  return new TeaChestError('spoolFailed', `The temporary folder ${folder} cannot be used: ${words}`, {
    stage: 'spool',
    cause: error,
    facts: { folder },
  });
}
