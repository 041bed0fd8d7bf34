import assert from 'node:assert/strict';
import type { TeaChestError } from '../../src/core/base/errors.ts';
import { errorMessage } from '../../src/host/errors/errorMessages.ts';

/** A sentence with a cause, a next step, and no secret. */
export function assertClear(error: TeaChestError): void {
  assert.notEqual(error.code, 'internal', error.message);
  assert(error.message.length > 30 && error.message.includes(' '), `a sentence: ${error.message}`);
  assert.doesNotMatch(error.message, /undefined|\[object|ERR_|UND_ERR|\bnull\b/, 'no internals');
  assert.doesNotMatch(error.message, /answered \d+\.?$/, `more than a status: ${error.message}`);
  const { message, actions } = errorMessage(error);
  assert(message.length > error.message.length, `a next step: ${message}`);
  assert(actions.length > 0, 'a button');
}
