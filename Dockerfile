# CPU:   docker build --tag condgan .
# CUDA:  docker build --tag condgan --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .
# The CUDA wheels of torch bring their libraries along; the host needs a driver and the NVIDIA container toolkit.
FROM python:3.12-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir "torch>=2.9,<3" "torchvision>=0.24,<1" --index-url "$TORCH_INDEX"

COPY pyproject.toml README.md LICENSE /source/
COPY src /source/src
COPY examples /source/examples
RUN pip install --no-cache-dir "/source[export,tensorboard]" && rm -r /source

RUN useradd --create-home --uid 1000 condgan && mkdir /work && chown condgan /work
USER condgan
WORKDIR /work
ENTRYPOINT ["condgan"]
CMD ["--help"]
