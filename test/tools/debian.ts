import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { findCommand } from './findCommand.ts';
import { run } from './run.ts';
import type { Progress } from './step.ts';

const policyFile = '/usr/sbin/policy-rc.d';
const listsFolder = '/var/lib/apt/lists';
const dayMs = 86_400_000;

/** True where we can install Debian packages: apt is here and we are root. */
export function canInstallDebianPackages(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && findCommand('apt-get') !== undefined;
}

/**
 * Installs Debian packages without starting a service that one of them brings: a development checkout has no business
 * running a system-wide dockerd or registry.
 */
export async function installDebianPackages(packages: readonly string[], progress: Progress): Promise<void> {
  const undoPolicy = forbidServiceStarts();
  try {
    if (!hasFreshLists()) await aptGet(['update'], progress);
    const install = ['install', '--yes', '--no-install-recommends', ...packages];
    try {
      await aptGet(install, progress);
    } catch {
      // The lists may name versions that the mirror has replaced since: once more with new lists.
      await aptGet(['update'], progress);
      await aptGet(install, progress);
    }
  } finally {
    undoPolicy();
  }
}

async function aptGet(args: readonly string[], progress: Progress): Promise<void> {
  // Wait for another apt instead of failing; ask nothing.
  await run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' },
    onLine: (line) => {
      progress.report(line);
    },
  });
}

/** Debian's own switch: while this file says 101, package scripts start nothing. A file that is there is left alone. */
function forbidServiceStarts(): () => void {
  if (existsSync(policyFile)) return () => undefined;
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const undo = (): void => {
    rmSync(policyFile, { force: true });
  };
  process.once('exit', undo);
  return () => {
    process.off('exit', undo);
    undo();
  };
}

function hasFreshLists(): boolean {
  const lists = existsSync(listsFolder) ? readdirSync(listsFolder).filter((name) => name.includes('_Packages')) : [];
  return lists.length > 0 && Date.now() - statSync(listsFolder).mtimeMs < dayMs;
}
