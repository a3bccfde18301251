import { createServer } from 'node:http';

/**
 * A double of Docker Hub's index, as far as searches go: `GET /v1/search?q=TERM&n=LIMIT`. Run as a program of its own, so that it can
 * stand in an engine's network; writes `listening` when it is there.
 */
const RESULTS = [
  { name: 'library/nginx', description: 'Official build of Nginx.', star_count: 20_000, is_official: true, is_automated: false },
  { name: 'bitnami/nginx', description: 'Bitnami image for nginx,\nwith a description that goes on for longer than any column is wide', star_count: 200, is_official: false, is_automated: false },
  { name: 'someone/nginx', description: '', star_count: 0, is_official: false, is_automated: false },
  { name: 'builder/robot', description: 'Built by a robot', star_count: 7, is_official: false, is_automated: true },
];

createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://index');
  if (url.pathname === '/v1/_ping') { response.writeHead(200, { 'content-type': 'application/json', 'x-docker-registry-standalone': 'true' }).end('true'); return; }
  if (url.pathname !== '/v1/search') { response.writeHead(404).end(); return; }
  const term = url.searchParams.get('q') ?? '';
  const results = RESULTS.filter(({ name }) => name.includes(term)).slice(0, Number(url.searchParams.get('n') ?? 25));
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ num_pages: 1, num_results: results.length, page: 1, page_size: 25, query: term, results }));
}).listen(Number(process.argv[2]), '127.0.0.1', () => { process.stdout.write('listening\n'); });
