import { rm } from 'node:fs/promises';
import { header } from '../http/exchange.ts';
import { isVisible } from '../model/access.ts';
import type { StoredBlob } from '../model/blobStore.ts';
import { filesOf } from '../model/packages.ts';
import { blobRefusal } from '../model/quota.ts';
import { OffsetMismatch, type UploadSession } from '../model/uploads.ts';
import type { Reply } from '../http/reply.ts';
import { imagePath, type ImageCall } from './call.ts';
import { quotaRefused, registryError, registryReply, silentFailure, storedReply } from './errors.ts';
import { uploadBody } from './formTrap.ts';

/** POST: a mount if possible, a whole blob if a digest is given, else a session. */
export async function startUpload(call: ImageCall): Promise<Reply> {
  const { gitea, exchange } = call;
  const mounted = mount(call, exchange.query.get('mount') ?? '', exchange.query.get('from') ?? '');
  if (mounted !== undefined) return mounted;

  const body = uploadBody(exchange);
  const session = await gitea.uploads.create();
  const digest = exchange.query.get('digest') ?? '';
  if (digest === '') return sessionReply(call, session, gitea.quirks.legacyRange ? '0-0' : undefined);
  try {
    await gitea.uploads.append(session, body);
    return await finishBlob(call, session, digest);
  } finally {
    await gitea.uploads.remove(session);
  }
}

export async function patchUpload(call: ImageCall): Promise<Reply> {
  const { gitea, exchange } = call;
  const session = gitea.uploads.get(call.reference);
  if (session === undefined) return registryError('BLOB_UPLOAD_UNKNOWN');
  const range = header(exchange, 'content-range');
  if (range !== '') {
    const [, start] = /^\s*([+-]?\d+)-[+-]?\d/.exec(range) ?? []; // Sscanf("%d-%d"): the rest is ignored
    if (start === undefined) return registryError('BLOB_UPLOAD_INVALID');
    if (Number(start) !== session.bytesReceived) return registryError('BLOB_UPLOAD_INVALID', { status: 416 });
  } else if (session.bytesReceived !== 0) {
    return registryError('BLOB_UPLOAD_INVALID', { message: 'Stream uploads after first write are not allowed' });
  }
  if (!(await append(call, session))) return silentFailure();
  const { legacyRange, rangeOnlyIfAsked } = gitea.quirks;
  const isRangeGiven = legacyRange || (session.bytesReceived > 0 && (range !== '' || !rangeOnlyIfAsked));
  return sessionReply(call, session, isRangeGiven ? `0-${session.bytesReceived - 1}` : undefined);
}

export async function putUpload(call: ImageCall): Promise<Reply> {
  const digest = call.exchange.query.get('digest') ?? '';
  if (digest === '') return registryError('DIGEST_INVALID');
  const session = call.gitea.uploads.get(call.reference);
  if (session === undefined) return registryError('BLOB_UPLOAD_UNKNOWN');
  if (!(await append(call, session))) return silentFailure();
  const reply = await finishBlob(call, session, digest);
  if (reply.status === 201) await call.gitea.uploads.remove(session);
  return reply;
}

/** GET: the size by the database. It does not show that a session is unusable. */
export function uploadStatus(call: ImageCall): Reply {
  const session = call.gitea.uploads.get(call.reference);
  if (session === undefined) return registryError('BLOB_UPLOAD_UNKNOWN');
  const { bytesReceived } = session;
  const { legacyRange } = call.gitea.quirks;
  const last = legacyRange ? bytesReceived : bytesReceived - 1;
  return sessionReply(call, session, legacyRange || bytesReceived > 0 ? `0-${last}` : undefined, 204);
}

export async function deleteUpload(call: ImageCall): Promise<Reply> {
  const session = call.gitea.uploads.get(call.reference);
  if (session === undefined) return registryError('BLOB_UPLOAD_UNKNOWN');
  await call.gitea.uploads.remove(session);
  return registryReply(204);
}

/** `from` narrows the search to one image; without it the whole instance is searched. */
function mount(call: ImageCall, digest: string, from: string): Reply | undefined {
  const { gitea, doer, owner, image } = call;
  const blob = digest === '' ? undefined : gitea.blobs.get(digest);
  if (blob === undefined) return undefined;
  const holders = gitea.packages.all().flatMap((each) => {
    const holder = gitea.directory.ownerById(each.ownerId);
    const holds = filesOf(each).some((file) => file.digest === digest);
    return holder !== undefined && holds ? [{ holder, name: `${holder.name.toLowerCase()}/${each.name}` }] : [];
  });
  if (!holders.some(({ name }) => from === '' || name === from)) return undefined;
  const { mountChecksVisibility, mountIsFalse } = gitea.quirks;
  if (mountIsFalse && from !== '') return undefined;
  if (mountChecksVisibility && !holders.some(({ holder }) => isVisible(gitea.directory, holder, doer)))
    return undefined;
  if (!mountIsFalse) gitea.packages.addBlob(owner.id, image, blob);
  return storedReply(`${imagePath(call)}/blobs/${digest}`, digest);
}

async function append({ gitea, exchange }: ImageCall, session: UploadSession): Promise<boolean> {
  try {
    await gitea.uploads.append(session, uploadBody(exchange));
    return true;
  } catch (error) {
    if (error instanceof OffsetMismatch) return false;
    throw error;
  }
}

/** Compares the hash and stores the blob. After a wrong digest or a quota the session still has its bytes. */
async function finishBlob(call: ImageCall, session: UploadSession, digest: string): Promise<Reply> {
  const { gitea, owner, image } = call;
  if (gitea.uploads.digest(session) !== digest) return registryError('DIGEST_INVALID');
  if (!isAdmin(call) && blobRefusal(gitea.limits, gitea.packages, owner.id, session.bytesReceived) !== undefined) {
    return quotaRefused();
  }
  gitea.packages.addBlob(owner.id, image, await store(call, session, digest));
  return storedReply(`${imagePath(call)}/blobs/${digest}`, digest);
}

async function store({ gitea }: ImageCall, session: UploadSession, digest: string): Promise<StoredBlob> {
  const known = gitea.blobs.get(digest);
  if (known === undefined) return gitea.blobs.adopt(session.path, digest, session.bytesReceived);
  await rm(session.path, { force: true });
  return known;
}

function isAdmin({ doer }: ImageCall): boolean {
  return doer.kind === 'user' && doer.user.admin;
}

function sessionReply(call: ImageCall, session: UploadSession, range: string | undefined, status = 202): Reply {
  return registryReply(status, {
    'Docker-Upload-Uuid': session.id,
    Location: `${imagePath(call)}/blobs/uploads/${session.id}`,
    ...(range === undefined ? {} : { Range: range }),
  });
}
