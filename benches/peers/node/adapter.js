// What oidc-provider stores, in Redis: the part of its adapter's contract that tokens of clients need.
import Redis from 'ioredis';

const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });

export class RedisAdapter {
  constructor(name) {
    this.name = name;
  }

  key(id) {
    return `oidc:${this.name}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    await redis.set(this.key(id), JSON.stringify(payload), 'EX', expiresIn);
  }

  async find(id) {
    const payload = await redis.get(this.key(id));
    return payload ? JSON.parse(payload) : undefined;
  }

  async destroy(id) {
    await redis.del(this.key(id));
  }
}
