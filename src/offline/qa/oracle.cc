#include "offline/qa/oracle.h"

namespace cadre::offline::qa {

Answer Oracle::ask(const Request& request) {
  spec::Request asked;
  asked.operation = request.operation;
  asked.authenticated = !request.role.empty() || !interpreter_.contract().has_actors;
  asked.role = request.role;
  asked.record = request.subject;
  if (request.row) asked.row = std::to_string(*request.row);
  asked.query = request.query;
  if (!request.body.is_null()) asked.body = request.body;
  asked.now = request.now;
  spec::Response response = interpreter_.handle(asked);
  return {.status = response.status,
          .body = std::move(response.body),
          .code = std::move(response.code),
          .rule = std::move(response.rule),
          .field = std::move(response.field)};
}

Json Oracle::newest(const std::string& entity, std::int64_t now) const {
  std::vector<std::int64_t> ids = interpreter_.ids(entity);
  return ids.empty() ? Json(nullptr) : interpreter_.row_json(entity, ids.back(), now);
}

}  // namespace cadre::offline::qa
