import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkImageName,
  checkOwner,
  checkRepositoryLength,
  checkTag,
  checkTarget,
  imagesNamed,
} from '../../../src/core/gitea/checkTarget.ts';

for (const name of ['app', 'a', '0', 'a.b', 'a-b', 'a_b', 'team/app', 'a/b/c/d', 'a1.2-3_4']) {
  test(`“${name}” is a name`, () => {
    assert.deepEqual(checkImageName(name), { ok: true, value: name });
  });
}

for (const [name, suggestion] of [
  ['a__b', 'a_b'],
  ['a--b', 'a-b'],
  ['a._b', 'a.b'],
  ['App', 'app'],
  ['My App', 'my-app'],
  ['-app', 'app'],
  ['app-', 'app'],
  ['/app', 'app'],
  ['team//app', 'team/app'],
  ['team/app/', 'team/app'],
  ['über', 'ber'],
  ['a:b', 'a-b'],
] as const) {
  test(`“${name}” is rejected, and the suggestion “${suggestion}” is valid`, () => {
    const check = checkImageName(name);
    assert.ok(!check.ok);
    assert.match(check.why, /\.$/);
    assert.equal(check.suggestion, suggestion);
    assert.equal(checkImageName(suggestion).ok, true);
  });
}

test('a name without any valid character gets no suggestion', () => {
  assert.deepEqual(Object.keys(checkImageName('___')), ['ok', 'why']);
  assert.equal(checkImageName('').ok, false);
});

test('owners are lower-cased, with a notice', () => {
  assert.deepEqual(checkOwner('dev'), { ok: true, value: 'dev' });
  const check = checkOwner('giteaAdmin');
  assert.ok(check.ok);
  assert.equal(check.value, 'giteaadmin');
  assert.match(check.notice ?? '', /giteaadmin/);
});

for (const owner of ['', 'a b', 'a/b', 'a@b', 'ü']) {
  test(`“${owner}” cannot be an owner, and no other is suggested`, () => {
    const check = checkOwner(owner);
    assert.ok(!check.ok);
    assert.match(check.why, /\.$/);
    assert.equal(check.suggestion, undefined);
  });
}

for (const owner of ['guigz-', 'guigz_', '-a', '.a', 'a..b', 'a-_b']) {
  test(`the owner “${owner}” may exist, but no reference can name it; no other is suggested`, () => {
    const check = checkOwner(owner);
    assert.ok(!check.ok);
    assert.match(check.why, /cannot be written in an image reference/);
    assert.equal(check.suggestion, undefined);
    const target = checkTarget({ owner, name: 'App', tag: 'v1' }, 'h.example');
    assert.ok(!target.ok);
    assert.equal(target.suggestion, undefined);
  });
}

test('a name that is too long for clients, host included, is rejected', () => {
  const host = 'gitea.example.com:3000';
  const nameOf = (length: number): string => 'n'.repeat(length - `${host}/dev/`.length);
  assert.ok(checkTarget({ owner: 'dev', name: nameOf(255), tag: 'v1' }, host).ok);
  const check = checkTarget({ owner: 'dev', name: nameOf(256), tag: 'v1' }, host);
  assert.ok(!check.ok);
  assert.match(check.why, /too long: 256 characters.*255.*\.$/);
  assert.equal(check.suggestion, undefined);
  assert.ok(check.why.length < 300);
  assert.ok(!checkRepositoryLength('h', 'x'.repeat(254)).ok);
  assert.ok(checkRepositoryLength('h', 'x'.repeat(253)).ok);
});

test('the local images that a suggestion would overwrite are found', () => {
  const images = ['x--y:1', 'x-y:1', 'localhost/x-y:2', 'h.example:3000/dev/x-y', 'yx-y:1', 'sha256:1', 'x-y/z'];
  assert.deepEqual(imagesNamed('x-y', images), ['x-y:1', 'localhost/x-y:2', 'h.example:3000/dev/x-y']);
  assert.deepEqual(imagesNamed('none', images), []);
});

test('tags are lower-cased with the notice that both are one', () => {
  assert.deepEqual(checkTag('v1.2_3-x'), { ok: true, value: 'v1.2_3-x' });
  const check = checkTag('V1');
  assert.ok(check.ok);
  assert.equal(check.value, 'v1');
  assert.match(check.notice ?? '', /“V1” becomes “v1”.*same tag/);
});

for (const [tag, suggestion] of [
  ['', 'latest'],
  ['.x', 'x'],
  ['-x', 'x'],
  ['a b', 'a-b'],
  ['feature/x', 'feature-x'],
  ['_upload', 'upload'],
  ['_UPLOAD', 'upload'],
  ['x'.repeat(129), 'x'.repeat(128)],
] as const) {
  test(`the tag “${tag.slice(0, 12)}” is rejected, “${suggestion.slice(0, 12)}” is suggested`, () => {
    const check = checkTag(tag);
    assert.equal(!check.ok && check.suggestion, suggestion);
    assert.equal(checkTag(suggestion).ok, true);
  });
}

test('a target is returned in the form that is stored', () => {
  const check = checkTarget({ owner: 'Team', name: 'app', tag: 'V1' }, 'h');
  assert.ok(check.ok);
  assert.deepEqual(check.value, { owner: 'team', name: 'app', tag: 'v1' });
  assert.match(check.notice ?? '', /team.*v1/s);
});

test('an invalid target gets a suggestion for all its parts', () => {
  const check = checkTarget({ owner: 'Dev', name: 'a__b', tag: 'V1' }, 'h');
  assert.ok(!check.ok);
  assert.match(check.why, /a__b/);
  assert.deepEqual(check.suggestion, { owner: 'dev', name: 'a_b', tag: 'v1' });
});
