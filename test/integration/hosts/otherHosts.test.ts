import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';

import { makeCertificateFolder } from '../../tools/certificates.ts';
import { createCloser } from '../../tools/closer.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { loadImage, type BuiltImage } from '../../tools/images.ts';
import { canMakeHosts, startNetwork, type NetworkHost } from '../../tools/netns.ts';
import { startNginx, type Nginx } from '../../tools/nginx.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { provision } from '../../tools/provision.ts';
import { copyBySkopeo, differences } from '../../tools/verifyPull.ts';
import { run } from '../../tools/run.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { startService, waitFor, type Service } from '../../tools/service.ts';
import { startGiteaOn, type GiteaOnHost } from './giteaOnHost.ts';
import type { PushOrder, PushOutcome } from './pushFromHost.ts';

const credential = { username: 'dev', secret: 'dev pässword: with everything' };
const enginePort = 2375;
const proxyPort = 3128;
const skip = canMakeHosts() ? false : 'hosts of their own can only be made on Linux, by root';

/** The extension, the engine, the registry and a proxy, each on a host with a loopback of its own. */
suite('hosts of their own', { timeout: 300_000, skip }, () => {
  const closer = createCloser();
  let here: NetworkHost;
  let registryHost: NetworkHost;
  let engine: Engine;
  let tcp: string;
  let image: BuiltImage;
  let gitea: GiteaOnHost;
  let nginx: Nginx;
  let caFile: string;
  let proxy: Service;
  let proxyUrl: string;

  before(async () => {
    await provision(['engine', 'skopeo', 'nginx', 'openssl', 'netns']);
    const network = await startNetwork(4);
    closer.add(() => network.stop());
    const [first, second, third, fourth] = network.hosts as [NetworkHost, NetworkHost, NetworkHost, NetworkHost];
    here = first;
    registryHost = third;
    const scratch = await makeScratch('hosts');
    closer.add(() => scratch.remove());
    tcp = `tcp://${second.address}:${enginePort}`;
    engine = await startPrivateEngine({ within: second.within, tcp: `${second.address}:${enginePort}` });
    closer.add(() => engine.stop());
    image = await loadImage(engine, { tags: ['app:1'], layers: [{ 'app/data': 'data' }, { 'app/version': '1' }] });

    const names = ['gitea.test', third.address, third.address6];
    const certificates = await makeCertificateFolder(scratch.path, names);
    caFile = certificates.ca;
    const [certificatePem, privateKeyPem] = await Promise.all([
      readFile(certificates.cert, 'utf8'),
      readFile(certificates.key, 'utf8'),
    ]);
    gitea = await startGiteaOn(third, scratch.path, { devPassword: credential.secret });
    closer.add(() => gitea.stop());
    const tls = { certificatePem, privateKeyPem };
    nginx = await startNginx(gitea.host, { tls, within: third.within, address: '::', bodyLimit: '0' });
    closer.add(() => nginx.stop());
    proxyUrl = `http://${fourth.address}:${proxyPort}`;
    proxy = await startProxyOn(fourth, scratch.path, { 'gitea.test': third.address });
    closer.add(() => proxy.stop());
  });

  after(() => closer.close());

  let tunnelsBefore = 0;
  const tunnels = (): string[] =>
    proxy
      .output()
      .split('\n')
      .filter((line) => line.startsWith('CONNECT'));
  beforeEach(() => {
    tunnelsBefore = tunnels().length;
  });

  /** Skopeo 1.9 reads no IPv6 address, follows any realm and supports no proxy: it reads the image from this address. */
  const readAt = (): string => `${registryHost.address}:${new URL(nginx.origin).port}`;

  /** Where the registry is from the other hosts. */
  const at = (name: string): string => `https://${name}:${new URL(nginx.origin).port}`;

  async function push(order: Pick<PushOrder, 'url' | 'target'> & Partial<PushOrder>): Promise<PushOutcome> {
    const script = join(import.meta.dirname, 'pushFromHost.ts');
    const [command, ...args] = here.within([process.execPath, script]);
    const input = { engine: tcp, image: 'app:1', credential, trust: { caFile }, readAt: readAt(), ...order };
    const { stdout } = await run(command, args, { cwd: projectRoot, input: JSON.stringify(input) });
    return JSON.parse(stdout) as PushOutcome;
  }

  /** The push succeeded by an export, and skopeo finds there what the engine has. */
  async function isPushed(outcome: PushOutcome, target: string): Promise<void> {
    assert.ok('result' in outcome, JSON.stringify(outcome));
    assert.equal(outcome.result.strategy, 'export');
    assert.deepEqual(outcome.leftovers, []);
    const copy = await copyBySkopeo(`${readAt()}/${target}`, credential, here.within);
    assert.deepEqual(differences(image, copy), []);
    assert.deepEqual(
      { digest: copy.manifestDigest, mediaType: copy.mediaType },
      { digest: outcome.result.digest, mediaType: outcome.result.mediaType },
    );
  }

  test('an engine by tcp is exported to a registry at an IPv4 address', async () => {
    const target = 'dev/four:1';
    await isPushed(await push({ url: at(registryHost.address), target }), target);
  });

  test('and to a registry at an IPv6 address', async () => {
    const target = 'dev/six:1';
    await isPushed(await push({ url: at(`[${registryHost.address6}]`), target }), target);
  });

  test('an engine whose loopback is another one is not asked to push to ours', async () => {
    const outcome = await push({ url: at(registryHost.address), target: 'dev/relayed:1', strategy: 'relay' });
    assert.ok('error' in outcome, JSON.stringify(outcome));
    assert.match(outcome.error.message, /cannot push to Tea Chest/);
  });

  test('an engine whose socket is here and whose loopback is not: the relay says so, and an export succeeds', async () => {
    const target = 'dev/shared-socket:1';
    const url = at(registryHost.address);
    const outcome = await push({ engine: engine.host, url, target, strategy: 'relay' });
    assert.ok('error' in outcome, JSON.stringify(outcome));
    assert.match(outcome.error.message, /cannot push to Tea Chest/);
    const { stdout } = await engine.docker(['image', 'ls', '--all', '--format', '{{.Repository}}:{{.Tag}}']);
    assert.equal(stdout, 'app:1', 'no temporary name is left');
    await isPushed(await push({ engine: engine.host, url, target }), target);
  });

  test('a realm that names another host is not followed: the token is asked where the person signed in', async () => {
    const tls = {
      certificatePem: await readFile(caFile.replace('ca.pem', 'server.pem'), 'utf8'),
      privateKeyPem: await readFile(caFile.replace('ca.pem', 'server-key.pem'), 'utf8'),
    };
    const address = registryHost.address;
    const wrong = await startNginx(gitea.host, { tls, within: registryHost.within, address, passHost: false });
    try {
      const challenge = await run(...askChallenge(here, caFile, `${wrong.origin}/v2/`));
      assert.match(challenge.stdout, /realm="https:\/\/127\.0\.0\.1:/);
      const target = 'dev/realm:1';
      await isPushed(await push({ url: wrong.origin, target }), target);
    } finally {
      await wrong.stop();
    }
  });

  test('a name that only the proxy resolves is reached through the proxy of the environment', async () => {
    const target = 'dev/proxied:1';
    const url = at('gitea.test');
    await isPushed(await push({ url, target, environment: { HTTPS_PROXY: proxyUrl } }), target);
    const used = tunnels().slice(tunnelsBefore);
    assert.ok(used.length > 0);
    assert.deepEqual([...new Set(used)], [`CONNECT ${new URL(url).host}`]);
  });

  test('NO_PROXY keeps a registry from the proxy, by address and by network', async () => {
    for (const [index, bypass] of [registryHost.address, '192.0.2.0/24'].entries()) {
      const target = `dev/direct-${index}:1`;
      const environment = { HTTPS_PROXY: proxyUrl, NO_PROXY: `localhost,${bypass}` };
      await isPushed(await push({ url: at(registryHost.address), target, environment }), target);
      assert.deepEqual(tunnels().slice(tunnelsBefore), [], bypass);
    }
  });
});

async function startProxyOn(
  { within, address }: NetworkHost,
  folder: string,
  names: Readonly<Record<string, string>>,
): Promise<Service> {
  const script = join(projectRoot, 'test', 'tools', 'connectProxy.ts');
  const [command, ...args] = within([process.execPath, script, address, String(proxyPort), JSON.stringify(names)]);
  const service = startService(command, args, { logFile: join(folder, 'proxy.log') });
  await waitFor('The proxy', service, () => (service.output().includes('ready') ? true : undefined));
  return service;
}

/** The command that sends a request without credentials and shows the challenge. */
function askChallenge({ within }: NetworkHost, caFile: string, url: string): [string, string[]] {
  const program = `
    const options = { ca: require('fs').readFileSync(process.argv[2]), agent: false };
    require('https').get(process.argv[1], options, (answer) => {
      console.log(answer.resume().headers['www-authenticate']);
    });`;
  const [command, ...args] = within([process.execPath, '-e', program, url, caFile]);
  return [command, args];
}
