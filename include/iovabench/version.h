/* SPDX-License-Identifier: MIT */
#ifndef IOVABENCH_VERSION_H
#define IOVABENCH_VERSION_H

#define IOVABENCH_VERSION "0.1.0"

#endif
