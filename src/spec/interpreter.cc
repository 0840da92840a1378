#include "spec/interpreter.h"

#include "spec/execution.h"

namespace cadre::spec {

Interpreter::Interpreter(const Spec& spec)
    : program_(std::make_shared<const Program>(spec)), database_(program_->schema) {}

Response Interpreter::handle(const Request& request) {
  const Database before = database_;
  try {
    return Execution(*program_, database_, request).run();
  } catch (const Refused& refused) {
    database_ = before;
    return refused.response;
  }
}

const Spec& Interpreter::spec() const { return program_->spec; }
const Contract& Interpreter::contract() const { return program_->contract; }
const Schema& Interpreter::schema() const { return program_->schema; }

std::vector<std::int64_t> Interpreter::ids(std::string_view entity) const {
  std::vector<std::int64_t> out;
  const int index = schema().find(entity);
  if (index < 0) return out;
  for (const auto& row : database_.table(index).rows()) out.push_back(row->id);
  return out;
}

Json Interpreter::row_json(std::string_view entity, std::int64_t id, std::int64_t now) const {
  const int index = schema().find(entity);
  const Row* row = index < 0 ? nullptr : database_.table(index).find(id);
  if (row == nullptr) return nullptr;
  Scope scope;
  scope.schema = &schema();
  scope.database = &database_;
  scope.now = now;
  JsonObject out;
  out["id"] = row->id;
  const EntityLayout& layout = schema().at(index);
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    const Column& column = layout.columns[i];
    out[column.json_name()] =
        value_to_json(cell_value(*row, index, i, scope),
                      column.attribute != nullptr ? column.attribute->type : Type::kInt,
                      column.scale);
  }
  return out;
}

}  // namespace cadre::spec
