import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import {
  readPushArguments,
  readSignInArguments,
  readSignOutArguments,
} from '../../../../src/host/commands/arguments.ts';
import { toRejection } from '../../../../src/host/commands/toRejection.ts';

function refuses(read: () => unknown, pattern: RegExp): void {
  assert.throws(read, (error: unknown) => {
    assert.ok(error instanceof TeaChestError);
    assert.equal(error.code, 'argumentInvalid');
    assert.match(error.message, pattern);
    return true;
  });
}

suite('arguments of commands', () => {
  test('what is given comes through, what is not stays absent', () => {
    assert.deepEqual(readPushArguments({ image: 'app', target: 'h.example/o/app:1', compression: 'zstd' }), {
      image: 'app',
      target: 'h.example/o/app:1',
      compression: 'zstd',
    });
    assert.deepEqual(readSignOutArguments({ url: 'https://h.example' }), { url: 'https://h.example' });
  });

  test('a missing, a wrong and an unknown key are refused by name', () => {
    refuses(() => readPushArguments({ target: 'h.example/o/app' }), /needs “image”/);
    refuses(() => readPushArguments({ image: 7 }), /“image” to be a text/);
    refuses(() => readPushArguments({ image: 'app', compression: 'brotli' }), /one of stored, auto, gzip, zstd, none/);
    refuses(() => readPushArguments({ image: 'app', recheck: 'yes' }), /“recheck” to be true or false/);
    assert.equal(readPushArguments({ image: 'app', recheck: true }).recheck, true);
    refuses(() => readPushArguments({ image: 'app', tagret: 'x' }), /does not know “tagret”/);
    refuses(() => readPushArguments({ image: 'app', a: 1, b: 2 }), /does not know “a”, “b”; it takes image, target, /);
    refuses(() => readPushArguments({ image: undefined }), /needs “image”/);
    refuses(() => readPushArguments({ image: 'app', target: '' }), /wants “target” to be a text that is not empty/);
    assert.equal(readPushArguments({ image: 'app', target: undefined }).target, undefined);
    refuses(() => readPushArguments('app'), /one object/);
    refuses(() => readPushArguments(['app']), /one object/);
    refuses(() => readSignInArguments({ url: 'h.example', allowHttp: 'yes' }), /true or false/);
  });

  test('a refusal never quotes a value: it may be a secret', () => {
    refuses(
      () => readSignInArguments({ url: 'https://h.example', secret: 'hunter2', password: 'hunter2' }),
      /^(?!.*hunter2).*“password”/,
    );
  });
});

suite('rejections', () => {
  test('code, stage and message are own properties of a plain Error', () => {
    const cause = new TeaChestError('layerMismatch', 'The bytes differ.', { stage: 'verify', facts: { layer: 'x' } });
    const rejection = toRejection(cause, 'resolve');
    assert.equal(Object.getPrototypeOf(rejection), Error.prototype);
    assert.deepEqual({ ...rejection }, { code: 'layerMismatch', stage: 'verify' });
    assert.equal(rejection.message, 'The bytes differ.');
  });

  test('an error without a stage gets the command’s own', () => {
    assert.equal(toRejection(new TeaChestError('urlInvalid', 'No.'), 'signIn').stage, 'signIn');
  });

  test('what is not ours becomes internal and keeps its words', () => {
    const rejection = toRejection(new TypeError('x is not a function'), 'resolve');
    assert.equal(rejection.code, 'internal');
    assert.match(rejection.message, /x is not a function/);
  });
});
