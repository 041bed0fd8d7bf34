import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { errorMessage } from '../../../../src/host/errors/errorMessages.ts';
import { toTeaChestError } from '../../../../src/core/base/errors.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { makeCertificate } from '../../../fakeGitea/tls/certificate.ts';
import { basic } from '../../credentials/fakeMachine.ts';
import { clusterRig, type ClusterRig } from '../support/clusterRig.ts';
import { changeFile, inputAsking, press, takeShown, useFakeVscode, watchedFiles } from '../support/fakeVscode.ts';
import { labels } from '../support/signInRig.ts';

useFakeVscode();
const { connectIdpbuilderCommand } = await import('../../../../src/host/commands/connectIdpbuilder.ts');
const { explainRemadeCluster } = await import('../../../../src/host/connections/explainRemadeCluster.ts');
const { followClusters } = await import('../../../../src/host/connections/followClusters.ts');
const { reconnect } = await import('../../../../src/host/connections/reconnect.ts');
const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');

const windows = process.platform === 'win32' ? 'the programs of this test are shell scripts' : false;
const password = 'marked feedface: pässword of the cluster';
const other = makeCertificate('valid');

function texts(): string {
  return takeShown()
    .map(({ element, text }) => `${element}: ${text}`)
    .join('\n');
}

function authorizations({ gitea }: ClusterRig): readonly string[] {
  // Anybody may get a bearer token for what is public.
  return gitea.requests.flatMap(({ authorization }) =>
    ['none', 'bearer'].includes(authorization) ? [] : authorization,
  );
}

/** Why a request to the saved registry fails; undefined if it does not. */
async function requestError({ access, store, gitea }: ClusterRig): Promise<unknown> {
  const connection = store.find(gitea.origin) ?? assert.fail('not connected');
  const call = { signal: AbortSignal.timeout(10_000) };
  try {
    const repository = await (await access.contents(connection)).open('giteaadmin/app', call);
    assert.equal(await repository.headManifest('1', call), undefined);
    return undefined;
  } catch (error) {
    return error;
  }
}

suite('connecting to the Gitea of a cluster', { skip: windows, timeout: 120_000 }, () => {
  test('shows what was found in one question, and stores a token and not the password', async (t) => {
    const rig = await clusterRig(t, { password });
    press('Connect');
    const result = await connectIdpbuilderCommand(rig.dependencies, undefined);
    const { origin, url, host, fingerprint256 } = rig.gitea;
    assert.deepEqual(result, { origin, username: 'giteaAdmin', context: 'kind-localdev' });
    const said = texts();
    assert.match(said, /warning: Connect to the Gitea of the idpbuilder cluster “localdev”\?/);
    assert.ok(said.includes(`Address: ${url} (the cluster says so)`), said);
    assert.ok(said.includes(`User: giteaAdmin; its images are named ${host}/giteaadmin/…`), said);
    assert.match(said, /Password: read by “idpbuilder get secrets -p gitea”\. .* only the token is stored/);
    assert.match(said, /this is the certificate that the cluster “localdev” itself has \(compared by kubectl\)/);
    assert.match(said, /information: Signed in to .* as giteaAdmin with the login of idpbuilder\. The token/);
    const saved = rig.store.find(origin);
    assert.deepEqual(saved?.trust, { pinnedFingerprint: fingerprint256 });
    assert.equal(saved.webRoot, url);
    assert.deepEqual(
      { ...saved.cluster, authority: undefined },
      { context: 'kind-localdev', name: 'localdev', authority: undefined },
    );
    const stored = await rig.store.credential(origin);
    assert.match(stored?.secret ?? '', /^[0-9a-f]{40}$/);
    const [token] = rig.gitea.directory.tokensOf(rig.gitea.directory.user('giteaAdmin').id);
    assert.equal(stored?.secret, token?.value);
    const owners = await rig.access.owners(saved);
    assert.deepEqual(owners.names, ['giteaadmin']);
  });

  test('takes the usual address that has a registry, where the cluster does not say its own', async (t) => {
    const rig = await clusterRig(t, { password });
    const { dependencies, gitea } = rig;
    const without = await startFakeGitea({ tls: 'valid', packages: false });
    t.after(() => without.close());
    const usual = (...urls: string[]): typeof dependencies => ({
      ...dependencies,
      clusters: {
        ...dependencies.clusters,
        read: async (...asked) => ({
          ...(await dependencies.clusters.read(...asked)),
          addresses: { urls, isFromCluster: false },
        }),
      },
    });
    press('Connect');
    const connected = await connectIdpbuilderCommand(usual(without.url, gitea.url), undefined);
    assert.equal(connected?.origin, gitea.origin);
    assert.ok(texts().includes(`Address: ${gitea.url} (idpbuilder’s usual address, which answers)`));
    assert.deepEqual(authorizations({ ...rig, gitea: without }), []);
    await assert.rejects(connectIdpbuilderCommand(usual(without.url, 'https://127.0.0.1:1'), {}), {
      code: 'registryUnreachable',
      message:
        /^The Gitea of the idpbuilder cluster “localdev” does not answer\. https:.*packages.* https:\/\/127\.0\.0\.1:1: /s,
    });
  });

  test('goes only to an address that the cluster itself says, whatever the caller gives', async (t) => {
    const rig = await clusterRig(t, { password });
    const elsewhere = await startFakeGitea({ tls: 'valid' });
    t.after(() => elsewhere.close());
    const trustFingerprint = elsewhere.fingerprint256;
    await assert.rejects(connectIdpbuilderCommand(rig.dependencies, { url: elsewhere.url, trustFingerprint }), {
      code: 'argumentInvalid',
      message: `The cluster “localdev” does not say that its Gitea is at ${elsewhere.origin}, but: ${rig.gitea.url}. Nothing was sent.`,
    });
    assert.deepEqual([...elsewhere.requests, ...authorizations(rig)], []);
    const connected = await connectIdpbuilderCommand(rig.dependencies, { url: rig.gitea.url });
    assert.equal(connected?.origin, rig.gitea.origin);
  });

  for (const [when, unchanged] of [
    ['while its login was read', 1],
    ['while the person was asked', 2],
  ] as const) {
    test(`sends nothing if the kube context has become that of another cluster ${when}`, async (t) => {
      const rig = await clusterRig(t, { password });
      let reads = 0;
      const find: typeof rig.dependencies.clusters.find = async () => {
        const found = await rig.dependencies.clusters.find();
        if (++reads <= unchanged) return found;
        return { ...found, clusters: found.clusters.map((one) => ({ ...one, authority: 'of another cluster' })) };
      };
      if (unchanged === 2) press('Connect');
      const changing = { ...rig.dependencies, clusters: { ...rig.dependencies.clusters, find } };
      assert.equal(await connectIdpbuilderCommand(changing, undefined), undefined);
      assert.match(texts(), /kube context of the cluster “localdev” has changed meanwhile\. Nothing was sent/);
      assert.deepEqual(authorizations(rig), []);
      assert.deepEqual(rig.store.list(), []);
    });
  }

  test('sends and saves nothing when the person declines', async (t) => {
    const rig = await clusterRig(t, { password });
    assert.equal(await connectIdpbuilderCommand(rig.dependencies, undefined), undefined);
    assert.deepEqual(authorizations(rig), []);
    assert.deepEqual(rig.store.list(), []);
  });

  test('warns of a certificate that the cluster does not have, and sends nothing before it is trusted', async (t) => {
    const rig = await clusterRig(t, { password });
    await rig.setCluster({ certificatePem: other.certificatePem });
    assert.equal(await connectIdpbuilderCommand(rig.dependencies, undefined), undefined);
    const said = texts();
    assert.match(said, /The certificate of .* is not the one that the cluster “localdev” has\. Nothing was sent\./);
    assert.match(said, /would get the password of Gitea’s administrator/);
    assert.deepEqual(authorizations(rig), []);
    press('Connect');
    assert.equal(await connectIdpbuilderCommand(rig.dependencies, undefined), undefined);
    press('Trust It Anyway');
    assert.equal((await connectIdpbuilderCommand(rig.dependencies, undefined))?.username, 'giteaAdmin');
  });

  test('asks the usual question about a certificate that kubectl cannot compare', async (t) => {
    const rig = await clusterRig(t, { password });
    await rig.setCluster({ condition: 'forbidden' });
    press('Connect');
    assert.equal(await connectIdpbuilderCommand(rig.dependencies, undefined), undefined);
    assert.match(
      texts(),
      /could not be compared with the cluster’s own\. kubectl failed: .*Forbidden.*asked about it next[^]*Nobody this machine trusts vouches/,
    );
    assert.deepEqual(authorizations(rig), []);
    press('Connect');
    press('Trust This Certificate');
    assert.equal((await connectIdpbuilderCommand(rig.dependencies, undefined))?.username, 'giteaAdmin');
  });

  test('says why it fails: no cluster, a stopped one, one that is being made, a password that was changed', async (t) => {
    const rig = await clusterRig(t, { password });
    const failure = async (): Promise<string> => {
      assert.equal(await connectIdpbuilderCommand(rig.dependencies, undefined), undefined);
      return texts();
    };
    await rig.setCluster({ condition: 'stopped' });
    assert.match(
      await failure(),
      /error: The login of Gitea in the cluster “localdev” could not be read\. .*connection refused.*Check that the cluster is running/,
    );
    await rig.setCluster({ condition: 'starting' });
    assert.match(await failure(), /gave no gitea-credential.*idpbuilder has finished/);
    await rig.setCluster({ password: 'another marked feedface' });
    press('Connect');
    assert.match(
      await failure(),
      /does not accept.*The password is the one that “idpbuilder get secrets -p gitea” gives; it may have been changed/,
    );
    process.env['KUBECONFIG'] = '/nowhere';
    assert.match(await failure(), /No cluster of idpbuilder was found: there is no context kind-… in \/nowhere/);
    delete process.env['KUBECONFIG'];
  });

  test('is offered in the sign-in dialog, until it is done', async (t) => {
    const rig = await clusterRig(t, { password });
    const asked = askSignIn(rig.dependencies, {});
    const list = await inputAsking(/Address of Gitea/);
    assert.equal(labels(list)[0], '$(server-environment) Connect to idpbuilder’s Gitea — cluster localdev');
    press('Connect');
    list.take(list.items[0]);
    assert.equal((await asked)?.connection.origin, rig.gitea.origin);
    const again = askSignIn(rig.dependencies, {});
    const box = await inputAsking(/Address of Gitea/);
    assert.equal(box.element, 'input');
    box.leave();
    assert.equal(await again, undefined);
  });
});

suite('a cluster that was made anew', { skip: windows, timeout: 120_000 }, () => {
  for (const change of ['its certificate', 'its tokens'] as const) {
    test(`is recognized by ${change}, and reconnected by one click without a further question`, async (t) => {
      const rig = await clusterRig(t, { password });
      await connectIdpbuilderCommand(rig.dependencies, {});
      if (change === 'its certificate') await rig.remake('second marked feedface');
      else {
        const { directory } = rig.gitea;
        for (const token of directory.tokensOf(directory.user('giteaAdmin').id)) directory.removeToken(token);
      }
      const connection = rig.store.find(rig.gitea.origin) ?? assert.fail();
      const error = toTeaChestError(explainRemadeCluster(await requestError(rig), connection));
      const { message, actions } = errorMessage(error);
      assert.match(message, /The idpbuilder cluster “localdev” seems to have been made anew, .* Reconnect to it\.$/);
      assert.equal(actions[0], 'reconnectCluster');
      takeShown();
      assert.equal(await reconnect(rig.dependencies, connection, 'reconnectCluster'), true);
      assert.doesNotMatch(texts(), /warning:/);
      assert.equal(await requestError(rig), undefined);
    });
  }

  test('with another certificate than it says is not reconnected without a question', async (t) => {
    const rig = await clusterRig(t, { password });
    await connectIdpbuilderCommand(rig.dependencies, {});
    await rig.remake('second');
    await rig.setCluster({ certificatePem: other.certificatePem });
    const connection = rig.store.find(rig.gitea.origin) ?? assert.fail();
    takeShown();
    assert.equal(await reconnect(rig.dependencies, connection, 'reconnectCluster'), false);
    assert.match(texts(), /is not the one that the cluster “localdev” has/);
  });

  test('is noticed in kubeconfig without a program, reported once, and reconnected from there', async (t) => {
    const rig = await clusterRig(t, { password });
    const following = followClusters({ ...rig.dependencies, wait: () => sleep(1) });
    t.after(() => {
      following.dispose();
    });
    const folder = `${process.env['HOME'] ?? ''}/.kube`;
    const shown: string[] = [];
    const until = async (pattern: RegExp): Promise<void> => {
      for (;;) {
        shown.push(texts());
        if (pattern.test(shown.join('\n'))) return;
        await sleep(5);
      }
    };
    await until(/setContext teaChest\.hasCluster true/);
    assert.deepEqual(watchedFiles(), [`${folder}: config`]);
    assert.equal(await rig.calls(), '');
    await connectIdpbuilderCommand(rig.dependencies, {});
    shown.length = 0;
    await until(/setContext teaChest\.hasCluster false/);
    const gitea = await rig.remake('second');
    const before = rig.store.find(gitea.origin)?.trust.pinnedFingerprint;
    press('Reconnect');
    changeFile(folder, 'config');
    await until(
      /warning: The idpbuilder cluster “localdev” was made anew, so Gitea at .* Reconnect when idpbuilder has finished/,
    );
    await until(/information: Signed in to/);
    assert.notEqual(before, gitea.fingerprint256);
    assert.equal(rig.store.find(gitea.origin)?.trust.pinnedFingerprint, gitea.fingerprint256);
    shown.length = 0;
    changeFile(folder, 'config');
    await until(/setContext teaChest\.hasCluster/);
    assert.doesNotMatch(shown.join('\n'), /made anew/);
  });

  test('and was deleted is said', async (t) => {
    const rig = await clusterRig(t, { password });
    await connectIdpbuilderCommand(rig.dependencies, {});
    const connection = rig.store.find(rig.gitea.origin) ?? assert.fail();
    process.env['KUBECONFIG'] = '/nowhere';
    await assert.rejects(reconnect(rig.dependencies, connection, 'reconnectCluster'), {
      code: 'credentialSourceFailed',
      message: /kubeconfig has no context kind-localdev any more/,
    });
  });
});

suite('teaChest.connectIdpbuilder with arguments', { skip: windows, timeout: 120_000 }, () => {
  test('asks nothing, and trusts what the cluster itself has, or the fingerprint that is given', async (t) => {
    const rig = await clusterRig(t, { password });
    const { origin, fingerprint256 } = rig.gitea;
    const expected = { origin, username: 'giteaAdmin', context: 'kind-localdev' };
    assert.deepEqual(await connectIdpbuilderCommand(rig.dependencies, {}), expected);
    await rig.store.remove(origin);
    await rig.setCluster({ condition: 'forbidden' });
    await assert.rejects(connectIdpbuilderCommand(rig.dependencies, {}), {
      code: 'certificateUntrusted',
      message: /could not be compared.*Forbidden.*Nothing was sent\.$/,
    });
    const given = { context: 'kind-localdev', trustFingerprint: `SHA256:${fingerprint256 ?? ''}` };
    assert.deepEqual(await connectIdpbuilderCommand(rig.dependencies, given), expected);
    assert.doesNotMatch(texts(), /warning:/);
  });

  test('rejects what a person would have to decide, and wrong arguments', async (t) => {
    const rig = await clusterRig(t, { password });
    await rig.setCluster({ certificatePem: other.certificatePem });
    await assert.rejects(connectIdpbuilderCommand(rig.dependencies, {}), { code: 'certificateUntrusted' });
    for (const wrong of [
      { context: 'kind-none' },
      { trustFingerprint: 'ab' },
      { password: 'x' },
      [],
      'kind-localdev',
    ]) {
      await assert.rejects(connectIdpbuilderCommand(rig.dependencies, wrong), { code: 'argumentInvalid' });
    }
    assert.deepEqual(authorizations(rig), []);
  });
});

test('the password of a cluster is in no log, message, state, error or argument', { skip: windows }, async (t) => {
  const rig = await clusterRig(t, { password });
  const errors: unknown[] = [];
  press('Connect');
  await connectIdpbuilderCommand(rig.dependencies, undefined);
  await rig.setCluster({ password: `${password} old` });
  await connectIdpbuilderCommand(rig.dependencies, {}).catch((error: unknown) => errors.push(error));
  await rig.setCluster({ condition: 'stopped' });
  await connectIdpbuilderCommand(rig.dependencies, {}).catch((error: unknown) => errors.push(error));
  assert.equal(errors.length, 2);
  const seen = {
    log: rig.log.join('\n'),
    shown: texts(),
    errors: inspect(errors, { depth: 10, showHidden: true }),
    connections: JSON.stringify(rig.store.list()),
    secrets: JSON.stringify(await Promise.all((await rig.secrets.keys()).map((key) => rig.secrets.get(key)))),
    arguments: await rig.calls(),
  };
  assert.match(seen.log, /with the login of idpbuilder/);
  const forms = [
    password,
    encodeURIComponent(password),
    basic('giteaAdmin', password),
    Buffer.from(password).toString('base64'),
  ];
  for (const [where, text] of Object.entries(seen)) {
    for (const form of forms) assert.ok(!text.includes(form), `the password is in: ${where}`);
  }
});
