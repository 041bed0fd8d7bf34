import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { linkPackage, moveLink, unlinkPackage } from '../../../src/core/gitea/linkPackage.ts';
import type { PackageVersion } from '../../../src/core/gitea/restRows.ts';
import { pushImage } from './pushContent.ts';
import { never, signedIn } from './testClient.ts';

type Packages = Parameters<typeof moveLink>[0];

const call = { signal: never };
const wanted = { host: 'h', id: { owner: 'o', name: 'n' }, repository: 'new' };
const down = (): TeaChestError => new TeaChestError('registryUnreachable', 'h cannot be reached.');
const refused = (): TeaChestError => new TeaChestError('accessDenied', 'No.', { facts: { status: 403 } });

/** A package linked to `old`, whose link can be read once, and then fails to be read with `readAgain`. */
function packagesThat(changes: Partial<Packages>, readAgain: TeaChestError): Packages {
  let reads = 0;
  return {
    versionsOf: async function* () {
      if (reads++ > 0) throw readAgain;
      yield await Promise.resolve({ rows: [{ repository: 'old' } as unknown as PackageVersion], total: 1 });
    },
    unlink: () => Promise.resolve(),
    link: () => Promise.resolve(),
    ...changes,
  };
}

async function failureOf(work: Promise<unknown>): Promise<TeaChestError> {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return error instanceof TeaChestError ? error : assert.fail('no failure');
}

suite('a link that is moved, of which nothing can be read after a failure,', () => {
  test('may be lost, if the server did not confirm the removal', async () => {
    const packages = packagesThat({ unlink: () => Promise.reject(down()) }, down());
    const { code, message } = await failureOf(moveLink(packages, wanted, call));
    assert.deepEqual(
      [code, message],
      [
        'registryUnreachable',
        'o/n was not linked to “new”, and may have been unlinked from “old”. Whether it is linked now could not be read. h cannot be reached.',
      ],
    );
  });

  test('is not lost, if the server has refused its removal', async () => {
    const failure = refused();
    const packages = packagesThat({ unlink: () => Promise.reject(failure) }, down());
    assert.equal(await failureOf(moveLink(packages, wanted, call)), failure);
  });

  test('may be lost after a cancel during its removal', async () => {
    const rejected = new TeaChestError('credentialsRejected', 'h does not accept the sign-in.');
    const cancelled = new TeaChestError('cancelled', 'Cancelled.');
    const packages = packagesThat({ unlink: () => Promise.reject(cancelled) }, rejected);
    const { code, message } = await failureOf(moveLink(packages, wanted, call));
    assert.deepEqual(
      [code, message],
      [
        'credentialsRejected',
        'o/n may have been unlinked from “old” before you cancelled. Whether it is linked now could not be read. h does not accept the sign-in.',
      ],
    );
  });

  test('is lost, if the server confirmed the removal, and what helps is that of the first failure', async () => {
    const packages = packagesThat({ link: () => Promise.reject(refused()) }, down());
    const { code, message, facts } = await failureOf(moveLink(packages, wanted, call));
    assert.deepEqual(
      [code, message, facts.status],
      [
        'accessDenied',
        'o/n was unlinked from “old”, but could not be linked to “new”. Whether it is linked now could not be read. No. h cannot be reached.',
        403,
      ],
    );
  });

  test('that somebody else has linked meanwhile is not said to be unchanged', async () => {
    const changed = new TeaChestError('changedMeanwhile', 'It is linked.', { facts: { status: 400 } });
    const packages = packagesThat({ link: () => Promise.reject(changed) }, down());
    assert.equal((await failureOf(moveLink(packages, wanted, call))).code, 'registryUnreachable');
  });
});

suite('a link that is removed', () => {
  test('on a server that cannot do this says since which version it can, also when it is moved', async (t) => {
    const { client, fakeGitea } = await signedIn(t, { version: '1.23.0' });
    await pushImage(client, 'team/app', ['1']);
    const team = fakeGitea.directory.owner('team') ?? assert.fail();
    fakeGitea.directory.addRepository(team, 'source');
    const image = fakeGitea.packages.get(team.id, 'app') ?? assert.fail();
    image.repository = 'source';
    const ofApp = { host: 'h', id: { owner: 'team', name: 'app' } };
    const expected = {
      code: 'registryRefused',
      message: /^h could not unlink team\/app: .* or the server is older than Gitea 1\.24 or Forgejo 11, which cannot/,
    };
    await assert.rejects(unlinkPackage(client.packages, ofApp, call), expected);
    await assert.rejects(moveLink(client.packages, { ...ofApp, repository: 'another' }, call), expected);
    assert.equal(image.repository, 'source');
  });

  test('and fails with 500 keeps what the server said, and names the right as a possibility', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const reply = { status: 500, body: '{"message":"disk full"}' };
    fakeGitea.faults.add({ method: 'POST', path: /unlink/, action: { kind: 'answer', reply } });
    const id = { owner: 'dev', name: 'app' };
    await assert.rejects(unlinkPackage(client.packages, { host: 'h', id }, call), {
      code: 'registryFailed',
      message: /disk full.*It may also be that you have no right to unlink dev\/app/,
    });
  });
});

suite('a link of an image whose name has a slash, behind a proxy that decodes %2F,', () => {
  test('is not made, and the proxy is named', async (t) => {
    const { client, fakeGitea } = await signedIn(t, { proxyDecodesSlash: true });
    await pushImage(client, 'team/group/app', ['1']);
    await pushImage(client, 'team/plain', ['1']);
    const team = fakeGitea.directory.owner('team') ?? assert.fail();
    fakeGitea.directory.addRepository(team, 'source');
    const { host } = fakeGitea;
    const of = (name: string): typeof wanted => ({ host, id: { owner: 'team', name }, repository: 'source' });
    const expected = {
      code: 'registryRefused',
      message: /^127\.0\.0\.1:\d+ does not find team\/group\/app, although it lists it: a proxy .* decodes the %2F/,
    };
    await assert.rejects(linkPackage(client.packages, of('group/app'), call), expected);
    await assert.rejects(unlinkPackage(client.packages, of('group/app'), call), expected);
    await linkPackage(client.packages, of('plain'), call);
    await assert.rejects(linkPackage(client.packages, of('group/gone'), call), /there is no such repository/);
  });
});
