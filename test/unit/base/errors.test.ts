import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCancelled, systemCode, TeaChestError, toTeaChestError } from '../../../src/core/base/errors.ts';

describe('errors', () => {
  it('keep their first stage', () => {
    const error = new TeaChestError('imageNotFound', 'gone').at('inspect');
    assert.deepEqual([error.stage, error.at('upload').stage], ['inspect', 'inspect']);
  });

  it('recognize a cancel of any origin', () => {
    const controller = new AbortController();
    controller.abort();
    assert.ok(isCancelled(controller.signal.reason));
    assert.equal(toTeaChestError(controller.signal.reason).code, 'cancelled');
    assert.equal(toTeaChestError(new Error('odd')).code, 'internal');
    assert.match(toTeaChestError(new Error('odd')).message, /odd/);
  });

  it('find the system error code along the causes', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    assert.equal(systemCode(new Error('fetch failed', { cause: new AggregateError([refused]) })), 'ECONNREFUSED');
    assert.equal(systemCode(new TeaChestError('internal', 'x', { cause: refused })), 'ECONNREFUSED');
    assert.equal(systemCode('text'), undefined);
  });
});
