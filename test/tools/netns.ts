import { join } from 'node:path';

import { needCommand } from './findCommand.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor, type Service } from './service.ts';

/** The command that runs `command` on a host. */
export type Within = (command: readonly [string, ...string[]]) => [string, ...string[]];

export const onThisMachine: Within = ([...command]) => command;

/** A host with a network and a loopback of its own. Files and processes are this machine's. */
export interface NetworkHost {
  /** `192.0.2.1` */
  readonly address: string;
  /** `2001:db8::1` */
  readonly address6: string;
  readonly within: Within;
}

export interface Network {
  readonly hosts: readonly NetworkHost[];
  stop(): Promise<void>;
}

/** True where hosts can be made. */
export function canMakeHosts(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

/**
 * So many hosts on a network of documentation addresses (RFC 5737, RFC 3849) that leads nowhere else. Each is a network
 * namespace without a name, which a sleeping process keeps alive: when that ends, and it ends with us, the kernel removes
 * the namespace and its end of the cable. This machine's own network is left alone. Linux, root.
 */
export async function startNetwork(count: number): Promise<Network> {
  const scratch = await makeScratch('network');
  const services: Service[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.stop()));
    await scratch.remove();
  };
  const namespace = async (name: string): Promise<Within & { readonly pid: string }> => {
    const unshare = needCommand('unshare', 'util-linux');
    const hold = ['--net', '--', 'sh', '-c', 'echo "pid $$"; exec sleep infinity'];
    const service = startService(unshare, hold, { logFile: join(scratch.path, name) });
    services.push(service);
    const pid = await waitFor('A network namespace', service, () => /pid (\d+)/.exec(service.output())?.[1]);
    return Object.assign(withinNamespaceOf(pid), { pid });
  };
  try {
    const wire = await namespace('switch');
    await ip(wire, 'link add bridge0 type bridge');
    await ip(wire, 'link set bridge0 up');
    const hosts: NetworkHost[] = [];
    for (let number = 1; number <= count; number++) {
      const within = await namespace(`host${number}`);
      const host = { address: `192.0.2.${number}`, address6: `2001:db8::${number}`, within };
      await ip(within, 'link set lo up');
      await ip(within, `link add eth0 type veth peer name port${number} netns ${wire.pid}`);
      await ip(wire, `link set port${number} master bridge0 up`);
      await ip(within, `address add ${host.address}/24 dev eth0`);
      // No other host can have this address: without duplicate address detection it can be used at once.
      await ip(within, `address add ${host.address6}/64 dev eth0 nodad`);
      await ip(within, 'link set eth0 up');
      hosts.push(host);
    }
    return { hosts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function withinNamespaceOf(pid: string): Within {
  const nsenter = needCommand('nsenter', 'util-linux');
  return (command) => [nsenter, `--net=/proc/${pid}/ns/net`, '--', ...command];
}

async function ip(within: Within, command: string): Promise<void> {
  const [program, ...args] = within([needCommand('ip', 'iproute2'), ...command.split(' ')]);
  await run(program, args);
}
