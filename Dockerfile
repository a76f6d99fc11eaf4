# Builds with everything, runs with what running needs, as a user without rights. The packages' own install scripts do
# not run: none of them is needed, and some would download.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/config ./config
COPY --from=build /app/models ./models
COPY --from=build /app/src/drivers/postgres/migrations ./src/drivers/postgres/migrations
COPY --from=build /app/src/simulator/media ./src/simulator/media
# A volume laid here takes over this owner.
RUN install -d -o node -g node -m 750 /var/lib/sentinel
USER node
ENV SENTINEL_VAR_DIR=/var/lib/sentinel
VOLUME /var/lib/sentinel
EXPOSE 8080
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
