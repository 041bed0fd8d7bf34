import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { makeScratch } from '../../test/tools/scratch.ts';

/** What answers on a unix socket as an engine with very many images would; nothing but the list is there. */
export interface CrowdedEngine {
  readonly host: string;
  close(): Promise<void>;
}

const tagsPerRepository = 5;
/** One container for so many images. */
const imagesPerContainer = 10;

export async function startCrowdedEngine(images: number): Promise<CrowdedEngine> {
  const scratch = await makeScratch('crowded');
  const path = join(scratch.path, 'docker.sock');
  const list = JSON.stringify(Array.from({ length: images }, (_, index) => record(index)));
  const containers = JSON.stringify(
    Array.from({ length: Math.floor(images / imagesPerContainer) }, (_, index) => container(index)),
  );
  const server = createServer((request, response) => {
    answer(request, response, { list, containers });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await scratch.remove();
    },
  };
}

interface Answers {
  readonly list: string;
  readonly containers: string;
}

function answer({ url = '' }: IncomingMessage, response: ServerResponse, { list, containers }: Answers): void {
  const json = (body: string): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  if (url.endsWith('/version')) json(JSON.stringify({ Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24' }));
  else if (url.includes('/images/json')) json(list);
  else if (url.includes('/containers/json')) json(containers);
  // Events: a stream on which nothing ever happens.
  else if (url.includes('/events')) response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  else response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"no such thing here"}');
}

/** One container as GET /containers/json has it. */
function container(index: number): object {
  const image = record(index * imagesPerContainer) as { readonly Id: string };
  return {
    Id: createHash('sha256').update(`container ${index}`).digest('hex'),
    Names: [`/service-${index}`],
    ImageID: image.Id,
    State: index % 2 === 0 ? 'running' : 'exited',
    Status: 'Up 3 days',
    Ports: [],
    Labels: { 'com.docker.compose.project': `project-${index % 7}` },
  };
}

/** One image as GET /images/json has it. */
function record(index: number): object {
  const id = (what: string): string => `sha256:${createHash('sha256').update(`${what} ${index}`).digest('hex')}`;
  const repository = `registry.example.com/team-${index % 20}/service-${Math.floor(index / tagsPerRepository)}`;
  return {
    Id: id('image'),
    ParentId: '',
    RepoTags: [`${repository}:1.${index % tagsPerRepository}`],
    RepoDigests: [`${repository}@${id('manifest')}`],
    Created: 1_700_000_000 + index * 977,
    Size: 20_000_000 + index * 12_345,
    SharedSize: -1,
    VirtualSize: 20_000_000 + index * 12_345,
    Labels: { 'org.opencontainers.image.version': `1.${index}` },
    Containers: -1,
  };
}
