import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { makeCertificateFolder } from '../../tools/certificates.ts';
import { createCloser } from '../../tools/closer.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { needCommand } from '../../tools/findCommand.ts';
import { canMakeHosts, startNetwork, type NetworkHost } from '../../tools/netns.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { startNginx, type Nginx } from '../../tools/nginx.ts';
import { addIndex, addPlatform, Blobs, writeLayout, type Described } from '../../tools/ociLayout.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { provision } from '../../tools/provision.ts';
import { run } from '../../tools/run.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { copyBySkopeo, type CopiedImage } from '../../tools/verifyPull.ts';
import { readSaved } from '../pull/pullRig.ts';
import { startGiteaOn } from './giteaOnHost.ts';
import type { PullOrder, PullOutcome } from './pullFromHost.ts';

const credential = { username: 'dev', secret: 'dev pässword: with everything' };
const skip = canMakeHosts() ? false : 'hosts of their own can only be made on Linux, by root';

interface Kind {
  readonly name: string;
  readonly start: (host: NetworkHost) => Promise<Engine>;
  /** It calls an image by its index. */
  readonly storesBlobs: boolean;
}

const inMemory = { dataParent: '/dev/shm' };
const kinds: readonly Kind[] = [
  {
    ...{ name: 'Docker 20.10', storesBlobs: false },
    start: ({ within }) => startPrivateEngine({ within, ...inMemory }),
  },
  {
    ...{ name: 'Docker 28 with containerd’s store', storesBlobs: true },
    start: ({ within }) => startNewEngine({ within, containerdStore: true, ...inMemory }),
  },
];

/** The extension with its engine on one host, and a Gitea by https on another, where nobody pulls without a credential. */
suite('a registry at an address that is not loopback', { timeout: 200_000, skip }, () => {
  const closer = createCloser();
  let here: NetworkHost;
  let nginx: Nginx;
  let caFile: string;
  let pinnedFingerprint: string;
  let top: Described;
  /** As skopeo reads it from the registry, every byte hashed. */
  let stored: CopiedImage;

  before(async () => {
    await provision(['engine', 'skopeo', 'nginx', 'openssl', 'netns']);
    const network = await startNetwork(2);
    closer.add(() => network.stop());
    const [first, second] = network.hosts as [NetworkHost, NetworkHost];
    here = first;
    const scratch = await makeScratch('pull-over-tls');
    closer.add(() => scratch.remove());
    const certificates = await makeCertificateFolder(scratch.path, [second.address]);
    caFile = certificates.ca;
    const certificatePem = await readFile(certificates.cert, 'utf8');
    pinnedFingerprint = new X509Certificate(certificatePem).fingerprint256;
    const gitea = await startGiteaOn(second, scratch.path, { devPassword: credential.secret, requireSignIn: true });
    closer.add(() => gitea.stop());
    const tls = { certificatePem, privateKeyPem: await readFile(certificates.key, 'utf8') };
    nginx = await startNginx(gitea.host, { tls, within: second.within, address: second.address, bodyLimit: '0' });
    closer.add(() => nginx.stop());

    const blobs = new Blobs();
    const listed = [];
    for (const architecture of ['amd64', 'arm64']) {
      listed.push({ ...(await addPlatform(blobs, architecture)), platform: { os: 'linux', architecture } });
    }
    top = addIndex(blobs, listed);
    const folder = join(scratch.path, 'layout');
    await writeLayout(folder, blobs, top, '1');
    const login = ['--dest-tls-verify=false', '--dest-creds', `${credential.username}:${credential.secret}`];
    const copy = ['--insecure-policy', 'copy', '--quiet', '--all', ...login];
    const skopeo = needCommand('skopeo', 'skopeo');
    await run(...commandOf(here, [skopeo, ...copy, `oci:${folder}:1`, `docker://${nginx.host}/dev/app:1`]));
    stored = await copyBySkopeo(`${nginx.host}/dev/app:1`, credential, here.within);
  });
  after(() => closer.close());

  async function pull(engine: Engine, trust: PullOrder['trust']): Promise<PullOutcome> {
    const order: PullOrder = { engine: engine.host, url: nginx.origin, source: 'dev/app:1', credential, trust };
    const script = join(import.meta.dirname, 'pullFromHost.ts');
    const [command, args] = commandOf(here, [process.execPath, script]);
    const { stdout } = await run(command, args, { cwd: projectRoot, input: JSON.stringify(order) });
    return JSON.parse(stdout) as PullOutcome;
  }

  /** The engine has what skopeo reads from the registry, under its name and no other. */
  async function hasImage(engine: Engine, storesBlobs: boolean, outcome: PullOutcome): Promise<void> {
    assert.ok('result' in outcome, JSON.stringify(outcome));
    const { digest, id } = outcome.result;
    assert.deepEqual([digest, id], [top.digest, storesBlobs ? top.digest : stored.config.digest]);
    assert.deepEqual(await readSaved(engine, `${nginx.host}/dev/app:1`), {
      config: stored.config.digest,
      diffIds: stored.diffIds,
    });
    const { stdout } = await engine.docker(['images', '--all', '--format', '{{.Repository}}:{{.Tag}}']);
    assert.equal(stdout, `${nginx.host}/dev/app:1`, 'no temporary name is left');
    await engine.docker(['rmi', `${nginx.host}/dev/app:1`]);
  }

  for (const { name, start, storesBlobs } of kinds) {
    test(`whose certificate ${name} refuses, gives it the image through the relay`, async () => {
      const engine = await start(here);
      try {
        const refused = await engine.docker(['pull', `${nginx.host}/dev/app:1`], { mayFail: true });
        assert.notEqual(refused.code, 0);
        assert.match(refused.stderr, /x509: certificate signed by unknown authority/);

        const byAuthority = await pull(engine, { caFile });
        assert.equal('result' in byAuthority && byAuthority.result.way, 'relay', JSON.stringify(byAuthority));
        const [direct = '', why = '', ...rest] = byAuthority.log.filter((line) => line.startsWith('Pull of '));
        assert.match(direct, /, by the engine itself\./);
        assert.match(why, /by the engine itself, did not work: .*x509: certificate signed by unknown authority/);
        assert.match(rest.join('\n'), /by the engine through Tea Chest’s endpoint/);
        await hasImage(engine, storesBlobs, byAuthority);

        const byFingerprint = await pull(engine, { pinnedFingerprint });
        assert.equal('result' in byFingerprint && byFingerprint.result.way, 'relay', JSON.stringify(byFingerprint));
        assert.doesNotMatch(byFingerprint.log.join('\n'), /by the engine itself/, 'it is not asked in vain');
        await hasImage(engine, storesBlobs, byFingerprint);
      } finally {
        await engine.stop();
      }
    });
  }

  test('whose certificate the engine accepts is pulled from by the engine itself, with our credential', async () => {
    const engine = await startPrivateEngine({ within: here.within, caFile, ...inMemory });
    try {
      const refused = await engine.docker(['pull', `${nginx.host}/dev/app:1`], { mayFail: true });
      assert.match(refused.stderr, /unauthorized|authentication required|no basic auth/i, 'without a credential');
      const outcome = await pull(engine, { caFile });
      assert.equal('result' in outcome && outcome.result.way, 'engine', JSON.stringify(outcome));
      await hasImage(engine, false, outcome);
    } finally {
      await engine.stop();
    }
  });
});

function commandOf({ within }: NetworkHost, command: readonly [string, ...string[]]): [string, string[]] {
  const [program, ...args] = within(command);
  return [program, args];
}
