import { TeaChestError } from '../base/errors.ts';

/**
 * The upload of a blob that can be read only once failed, and sending all of it again in a new session may succeed. Code,
 * message and facts are those of the failure.
 */
export class UploadInterruptedError extends TeaChestError {
  constructor(failure: TeaChestError) {
    super(failure.code, failure.message, { cause: failure, facts: failure.facts });
  }
}
