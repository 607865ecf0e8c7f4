# The images of Otemon, one target for each program: operator, proxy, otemon.
#
#     docker build --target proxy --tag otemon/proxy:0.1.0 .
#
# Each has its program, the libraries it loads and nothing else: no shell, no package manager, no
# user but 65532. Those that connect to servers outside also have the authorities of Debian.

FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/setup scripts/
RUN scripts/setup build
COPY CMakeLists.txt ./
COPY cmd cmd
COPY pkg pkg
RUN cmake -S . -B build -G Ninja -DBUILD_TESTING=OFF \
    && cmake --build build \
    && cmake --install build --strip --prefix /out \
    && rm -r build
COPY scripts/image-root scripts/
RUN scripts/image-root /image/otemon-operator /out/bin/otemon-operator \
    && scripts/image-root --authorities /image/otemon-proxy /out/bin/otemon-proxy \
    && scripts/image-root --authorities /image/otemon /out/bin/otemon \
    && ln -s otemon /image/otemon/usr/bin/kubectl-otemon
COPY LICENSE ./

FROM scratch AS image
ARG VERSION=0.1.0
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /src/LICENSE /usr/share/doc/otemon/copyright
USER 65532:65532

FROM image AS operator
LABEL org.opencontainers.image.title=otemon-operator \
      org.opencontainers.image.description="The control plane in a cluster: configures the gateways"
COPY --from=build /image/otemon-operator /
ENTRYPOINT ["/usr/bin/otemon-operator"]

FROM image AS proxy
LABEL org.opencontainers.image.title=otemon-proxy \
      org.opencontainers.image.description="The gateway proxy: serves what the operator sends it"
COPY --from=build /image/otemon-proxy /
ENTRYPOINT ["/usr/bin/otemon-proxy"]

FROM image AS otemon
LABEL org.opencontainers.image.title=otemon \
      org.opencontainers.image.description="The tool: runs, validates and explains gateways of Kuma"
COPY --from=build /image/otemon /
ENTRYPOINT ["/usr/bin/otemon"]
