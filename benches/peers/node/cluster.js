// As many processes as the machine that all are measured on has cores.
import cluster from 'node:cluster';

const WORKERS = 2;

export function serve(listen) {
  if (!cluster.isPrimary) {
    const [host, port] = process.env.LISTEN.split(':');
    return listen(Number(port), host);
  }
  for (let worker = 0; worker < WORKERS; worker += 1) cluster.fork();
  cluster.on('exit', () => process.exit(1));
}
