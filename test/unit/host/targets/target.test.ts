import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError, type ErrorCode } from '../../../../src/core/base/errors.ts';
import { packagePage } from '../../../../src/host/targets/packagePage.ts';
import { judgeName, settleTarget } from '../../../../src/host/targets/settleTarget.ts';
import {
  briefImage,
  formatTarget,
  mayBeShortId,
  normalizeImage,
  parseTarget,
  ownerInName,
  parseTypedImage,
  proposeTarget,
} from '../../../../src/host/targets/target.ts';

function refuses(run: () => unknown, code: ErrorCode, pattern: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof TeaChestError);
    assert.equal(error.code, code);
    assert.equal(error.stage, 'resolve');
    assert.match(error.message, pattern);
    return true;
  });
}

suite('targets', () => {
  test('are read with port, deep names and a tag; latest where there is none', () => {
    assert.deepEqual(parseTarget('127.0.0.1:3000/dev/team/app:1.2'), {
      host: '127.0.0.1:3000',
      repository: 'dev/team/app',
      tag: '1.2',
    });
    assert.equal(formatTarget(parseTarget('Gitea.Example.com/dev/app')), 'gitea.example.com/dev/app:latest');
  });

  test('are taken out of a pasted command, a page of Gitea, an address', () => {
    for (const [pasted, reference] of [
      [' docker push h.example/dev/app:1\n', 'h.example/dev/app:1'],
      ['podman  push h.example:3000/dev/team/app', 'h.example:3000/dev/team/app:latest'],
      ['docker image push h.example/dev/app:1', 'h.example/dev/app:1'],
      ['https://h.example/dev/-/packages/container/app/1', 'h.example/dev/app:1'],
      ['https://h.example/git/dev/-/packages/container/team%2Fapp/1.2', 'h.example/dev/team/app:1.2'],
      ['https://h.example/dev/-/packages/container/app/', 'h.example/dev/app:latest'],
      [`https://h.example/dev/-/packages/container/app/sha256:${'a'.repeat(64)}`, 'h.example/dev/app:latest'],
      ['https://h.example/dev/app:1', 'h.example/dev/app:1'],
    ] as const) {
      assert.equal(formatTarget(parseTarget(pasted)), reference, pasted);
    }
  });

  test('with a password in them are refused, and the password is not repeated', () => {
    refuses(() => parseTarget('https://dev:hunter2@h.example/dev/app:1'), 'referenceInvalid', /^(?!.*hunter2)/);
  });

  test('without a registry, or with a digest, they are refused', () => {
    refuses(() => parseTarget('dev/app:1'), 'referenceInvalid', /does not begin with a registry/);
    refuses(() => parseTarget(`h.example/dev/app@sha256:${'a'.repeat(64)}`), 'referenceInvalid', /not to a digest/);
  });

  test('on Gitea owner and tag are put in lower case, as they are stored', () => {
    assert.deepEqual(settleTarget({ host: 'h.example', repository: 'DevTeam/app', tag: 'V1' }, 'gitea'), {
      host: 'h.example',
      repository: 'devteam/app',
      tag: 'v1',
    });
  });

  test('on another registry a tag keeps its capitals, and no owner is needed', () => {
    const target = { host: 'localhost:5000', repository: 'app', tag: 'V1' };
    assert.deepEqual(settleTarget(target, 'generic'), target);
  });

  test('what Gitea refuses is refused here, with the nearest that works', () => {
    refuses(
      () => settleTarget({ host: 'h.example', repository: 'dev/my__app', tag: '1' }, 'gitea'),
      'nameInvalid',
      /“h\.example\/dev\/my_app:1”/,
    );
    refuses(() => settleTarget({ host: 'h.example', repository: 'app', tag: '1' }, 'gitea'), 'nameInvalid', /owner/);
  });
});

suite('images as they are named', () => {
  const id = `sha256:${'0123456789abcdef'.repeat(4)}`;

  test('a name without a tag means latest, as engines read it; IDs and digests stay', () => {
    assert.equal(normalizeImage('app'), 'app:latest');
    assert.equal(normalizeImage('localhost:5000/app'), 'localhost:5000/app:latest');
    assert.equal(normalizeImage('app:1'), 'app:1');
    assert.equal(normalizeImage(id), id);
    assert.equal(normalizeImage('0123456789ab'), '0123456789ab');
    assert.equal(normalizeImage(`app@${id}`), `app@${id}`);
  });

  test('an ID is shown by its first digits', () => {
    assert.equal(briefImage(id), '0123456789ab');
    assert.equal(briefImage('team/app:1'), 'team/app:1');
  });

  test('the name proposes where to go; an ID proposes no name, a digest no tag', () => {
    assert.deepEqual(proposeTarget('docker.io/library/App:1.2', undefined), { name: 'app', tag: '1.2' });
    assert.deepEqual(proposeTarget(id, 'dev'), { name: undefined, tag: 'latest' });
    assert.deepEqual(proposeTarget(`127.0.0.1:5000/team/app@${id}`, 'dev'), { name: 'app', tag: undefined });
  });

  test('a registry in the name of an image is replaced, and never proposed', () => {
    for (const image of ['localhost/app:1', 'acr.example/team/app:1', 'app:1', 'localhost:5000/app:1']) {
      assert.deepEqual(proposeTarget(image, 'dev'), { name: 'app', tag: '1' }, image);
    }
    assert.equal(normalizeImage('localhost/app'), 'localhost/app:latest');
  });

  test('a path stays whole where there are no owners; below an owner it is what comes after them', () => {
    const name = (image: string, owner: string | undefined): string | undefined => proposeTarget(image, owner).name;
    assert.equal(name('a/b/c:1', undefined), 'a/b/c');
    assert.equal(name('other.example/a/b/c:1', undefined), 'a/b/c');
    assert.equal(name('a/b/c:1', 'dev'), 'a/b/c');
    assert.equal(name('localhost/a/b:1', 'dev'), 'a/b');
    assert.equal(name('docker.io/a/b:1', 'dev'), 'a/b');
    assert.equal(name('docker.io/library/b:1', 'dev'), 'b');
    assert.equal(name('other.example/a/b/c:1', 'dev'), 'b/c');
    assert.equal(name('other.example/a:1', 'dev'), 'a');
    assert.equal(name('a/b/c:1', 'A'), 'b/c');
    assert.equal(name('dev:1', 'dev'), 'dev');
  });

  test('the first part of a path may be an owner, but not that of another registry', () => {
    assert.deepEqual(
      ['shop/web:1', 'localhost/Shop/web', 'docker.io/shop/web:1'].map(ownerInName),
      Array(3).fill('shop'),
    );
    for (const image of ['web:1', 'other.example/shop/web:1', id, 'docker.io/web:1'])
      assert.equal(ownerInName(image), undefined, image);
  });

  test('an empty name is asked for in plain words', () => {
    for (const kind of ['gitea', 'generic'] as const)
      assert.deepEqual(judgeName('', kind), { problem: 'A name is needed.' });
  });
});

suite('the page of a pushed image', () => {
  test('has the name’s slashes escaped and lies under the sub-path', () => {
    assert.equal(
      packagePage({ kind: 'gitea', webRoot: 'https://h.example/git' }, parseTarget('h.example/dev/team/app:1.2')),
      'https://h.example/git/dev/-/packages/container/team%2Fapp/1.2',
    );
    const elsewhere = { kind: 'generic', webRoot: 'http://h.example' } as const;
    assert.equal(packagePage(elsewhere, parseTarget('h.example/app:1')), undefined);
  });

  test('is found though the host has neither dot nor port', () => {
    assert.equal(
      packagePage({ kind: 'gitea', webRoot: 'https://gitea' }, { host: 'gitea', repository: 'dev/app', tag: '1' }),
      'https://gitea/dev/-/packages/container/app/1',
    );
  });
});

suite('an image that a person types', () => {
  test('is normalized, or refused if it is no reference', () => {
    assert.equal(parseTypedImage(' app '), 'app:latest');
    assert.equal(parseTypedImage('app:1'), 'app:1');
    assert.equal(parseTypedImage('not an image'), undefined);
  });

  test('may be the beginning of an ID if it has few hex digits', () => {
    const texts = ['1a2b3c4', 'cafe', '1a2b3c4:latest', 'app', '1a2b3c4d5e6f'];
    assert.deepEqual(texts.filter(mayBeShortId), ['1a2b3c4', 'cafe']);
  });
});
