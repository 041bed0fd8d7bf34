import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { nearestName } from '../../../src/core/gitea/nearestName.ts';
import { readPastedTarget } from '../../../src/core/gitea/readPastedTarget.ts';

suite('what is pasted where a target is asked for', () => {
  for (const [pasted, target] of [
    ['docker push h.example/o/a:1', 'h.example/o/a:1'],
    ['  $ sudo docker image push -q --platform linux/amd64 h.example/o/a:1 \n', 'h.example/o/a:1'],
    ['podman push h.example:3000/o/team/a', 'h.example:3000/o/team/a'],
    ['docker pull h.example/o/a:1 && docker run h.example/o/a:1', 'h.example/o/a:1'],
    ['docker tag app:1 h.example/o/a:1', 'h.example/o/a:1'],
    ['docker tag app:1 h.example/o/a:1\ndocker push h.example/o/a:1', 'h.example/o/a:1'],
    ['skopeo copy docker-daemon:a:1 docker://h.example/o/a:1', 'h.example/o/a:1'],
    ['https://h.example/o/-/packages/container/app/1', 'h.example/o/app:1'],
    ['http://h.example:3000/o/-/packages/container/team%2Fapp/v1.2#files', 'h.example:3000/o/team/app:v1.2'],
    ['https://h.example/o/-/packages/container/app', 'h.example/o/app'],
    ['https://h.example/gitea/o/-/packages/container/app/1?x=y', 'h.example/o/app:1'],
    [`https://h.example/o/-/packages/container/app/sha256:${'a'.repeat(64)}`, 'h.example/o/app'],
    ['h.example/owner/repo/-/packages/app', 'h.example/owner/app'],
    ['https://h.example/o/a:1', 'h.example/o/a:1'],
    ['https://h.example/o/a/', 'h.example/o/a'],
    ['docker://h.example/o/a:1', 'h.example/o/a:1'],
    ['h.example/users/app', 'h.example/users/app'],
    ['h.example/o/a:1', 'h.example/o/a:1'],
    ['a b', 'a b'],
    ['docker', 'docker'],
    ['', ''],
  ] as const) {
    test(`${JSON.stringify(pasted)} means ${target}`, () => {
      assert.equal(readPastedTarget(pasted), target);
    });
  }
});

suite('the nearest of the owners that may be pushed to', () => {
  const owners = ['dev', 'team', 'platform-team', 'giteaadmin'];
  for (const [typed, nearest] of [
    ['tema', 'team'],
    ['Team', 'team'],
    ['devs', 'dev'],
    ['platform-taem', 'platform-team'],
    ['platfrmteam', 'platform-team'],
    ['giteadmin', 'giteaadmin'],
    ['nosuch', undefined],
    ['users', undefined],
    ['x', undefined],
    ['', undefined],
  ] as const) {
    test(`to “${typed}” is ${nearest ?? 'none'}`, () => {
      assert.equal(nearestName(typed, owners), nearest);
    });
  }

  test('there is none without owners', () => {
    assert.equal(nearestName('dev', []), undefined);
  });
});
